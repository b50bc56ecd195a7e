/** Plain Automerge, without Repo, cryptography and network: `A.load` in a fresh process. */
import * as A from '@automerge/automerge'
import { starter } from '../worker.ts'
import type { Note } from './note.ts'
import { type Usage, usageSince } from './usage.ts'

export interface PlainOrder {
  readonly type: 'load'
  readonly saved: Uint8Array
}

export interface PlainLoaded extends Usage {
  readonly type: 'loaded'
  readonly text: string
}

const parent = starter<PlainLoaded, PlainOrder>()

parent.listen(({ saved }) => {
  const usage = usageSince()
  const { text } = A.load<Note>(saved)
  parent.send({ type: 'loaded', text, ...usage() })
})
