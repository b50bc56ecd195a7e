/** What storages take as names. Checked at the door, so that a name which works in one storage works in all. */
import type { Change } from './storage.ts'

const DOC_ID = /^[a-zA-Z0-9_-]{1,128}$/
const KEY = /^[a-zA-Z0-9/_-]{1,200}$/

export const checkDocId = (docId: string): void => {
  if (!DOC_ID.test(docId))
    throw new TypeError(`storage: "${docId}" is no document id: use 1 to 128 of a-z A-Z 0-9 _ -`)
}

export const checkChanges = (changes: readonly Change[]): void => {
  for (const { key } of changes) {
    if (!KEY.test(key)) throw new TypeError(`storage: "${key}" is no key: use 1 to 200 of a-z A-Z 0-9 / _ -`)
  }
}
