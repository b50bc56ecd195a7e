/** The latest words that were typed in this window, told from the document: no two editors say it in the same way. */
import { ContentString, type Doc, decodeUpdate, type Transaction } from 'yjs'

const WORDS_KEPT = 4
const LETTERS_KEPT = 80

const insertedBy = (update: Uint8Array): string =>
  decodeUpdate(update)
    .structs.flatMap((struct) =>
      'content' in struct && struct.content instanceof ContentString ? [struct.content.str] : [],
    )
    .join('')

/** Listens until the result is called. */
export const watchWords = (doc: Doc, push: (words: string) => void): (() => void) => {
  let letters = ''
  const onUpdate = (update: Uint8Array, _origin: unknown, _doc: Doc, { local }: Transaction): void => {
    if (!local) return
    const inserted = insertedBy(update)
    if (inserted === '') return
    letters = `${letters}${inserted}`.slice(-LETTERS_KEPT)
    push(letters.trim().split(/\s+/).slice(-WORDS_KEPT).join(' '))
  }
  doc.on('update', onUpdate)
  return () => doc.off('update', onUpdate)
}
