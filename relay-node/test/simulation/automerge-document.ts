/** Automerge in the simulation: a document of a real Repo, which sees the relay as the adapter would show it. */
import * as A from '@automerge/automerge'
import { type DocHandle, interpretAsDocumentId, Repo, stringifyAutomergeUrl } from '@automerge/automerge-repo'
import { readChunks } from '../../../providers/src/automerge/chunk.ts'
import type { Content } from '../../../providers/src/sync/content.ts'
import { createRelayLine, type RelayLine } from './relay-line.ts'
import type { CreateSimDocument, SimDocument, SimProvider } from './sim-document.ts'
import { createSpokenDocument } from './spoken-document.ts'

// A type and not an interface: Automerge takes only what has an index signature.
type Note = { text: string; edits: Record<string, boolean> }

/** What documents of the simulation have in common: whoever makes one without asking makes this one. */
const INITIAL = A.save(
  A.change(A.init<Note>('aa'.repeat(16)), { time: 1 }, (note) => {
    note.text = ''
    note.edits = {}
  }),
)
const DOCUMENT_ID = interpretAsDocumentId(
  stringifyAutomergeUrl({ documentId: new Uint8Array(16).fill(7) as never }),
)
/** An app that cannot find its document makes it after this. */
const PATIENCE_MS = 3_000

interface Held {
  readonly repo: Repo
  readonly line: RelayLine
  readonly handle: DocHandle<Note>
}

const openRepo = (random: SimProvider['random']): Held => {
  const line = createRelayLine(DOCUMENT_ID)
  const repo = new Repo({ network: [line.adapter] })
  const handle = random.chance(0.5)
    ? repo.import<Note>(INITIAL, { docId: DOCUMENT_ID })
    : repo.findWithProgress<Note>(DOCUMENT_ID).handle
  return { repo, line, handle }
}

export const createAutomergeDocument = (
  provider: SimProvider,
  held: Held = openRepo(provider.random),
): SimDocument => {
  const { random, clock, onEdited, onSaved } = provider
  const { repo, line, handle } = held
  /** Edits that were made here, by the hash of their change. */
  const made = new Map<string, string>()
  let waiting: readonly string[] = []
  let isOpen = true

  const idsIn = (contents: readonly Content[]): readonly string[] =>
    contents.flatMap(({ payload }) => {
      const chunks = readChunks(payload)
      if (!chunks.ok) throw new Error(`a document hands over what cannot be read: ${chunks.error}`)
      return chunks.value.flatMap((chunk) => {
        if (chunk.type === 'change') return made.get(chunk.hash) ?? []
        const own = new Set(made.values())
        return Object.keys(A.load<Note>(chunk.bytes).edits).filter((id) => own.has(id))
      })
    })

  const make = (id: string): void => {
    handle.change((note) => {
      note.edits[id] = true
      A.splice(note, ['text'], random.int(note.text.length + 1), 0, id)
      if (random.chance(0.3) && note.text.length > 20)
        A.splice(note, ['text'], random.int(note.text.length - 10), 5)
    })
    const [hash] = A.getHeads(handle.doc())
    if (hash !== undefined) made.set(hash, id)
  }

  const heads = (): readonly string[] => (handle.isReady() ? A.getHeads(handle.doc()) : [])
  const spoken = createSpokenDocument({
    ...provider,
    line,
    heads: heads(),
    onEdited: (content) => onEdited(content, idsIn([content])),
  })

  const makeWaiting = (): void => {
    if (!isOpen || !handle.isReady()) return
    const ids = waiting
    waiting = []
    ids.forEach(make)
  }
  // The Repo's own word for what the relay holds.
  const onRemoteHeads = (relay: { readonly heads: readonly string[] }): void => {
    if (handle.isReady() && relay.heads.join() === handle.heads().join()) onSaved([...made.values()])
  }
  handle.on('remote-heads', onRemoteHeads)
  // Not yet ready when it says so.
  handle.once('heads-changed', () => queueMicrotask(makeWaiting))
  clock.after(PATIENCE_MS, () => {
    if (isOpen && !handle.isReady()) repo.import(INITIAL, { docId: DOCUMENT_ID })
  })

  return {
    ...spoken,
    idsIn,
    edit: (id) => {
      if (handle.isReady()) make(id)
      else waiting = [...waiting, id]
    },
    edits: () => new Set(handle.isReady() ? Object.keys(handle.doc().edits) : []),
    facts: () =>
      new Map([
        ['heads', heads().join()],
        ...(handle.isReady()
          ? [
              ['text', handle.doc().text] as const,
              ...Object.keys(handle.doc().edits).map((id) => [`edit ${id}`, 'there'] as const),
            ]
          : []),
      ]),
    isIncomplete: () => handle.isReady() && A.getMissingDeps(handle.doc(), []).length > 0,
    close: () => {
      isOpen = false
      handle.off('remote-heads', onRemoteHeads)
      spoken.close()
    },
    reopen: ((next) => createAutomergeDocument(next, held)) satisfies CreateSimDocument,
  }
}
