/** The replica of a document in a real Repo: what the core asks it, and what comes of it. */
import * as A from '@automerge/automerge'
import { type DocHandle, interpretAsDocumentId, Repo } from '@automerge/automerge-repo'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { AUTOMERGE_CHUNKS } from '../../../providers/src/automerge/chunk-content.ts'
import { createRepoReplica, type RepoReplica } from '../../../providers/src/automerge/repo-replica.ts'
import type { Content } from '../../../providers/src/sync/content.ts'
import type { Received } from '../../../providers/src/sync/effects.ts'
import { eventually } from '../eventually.ts'
import { createRelayLine } from '../simulation/relay-line.ts'
import { sealChunk } from './forger.ts'

type Note = Record<string, boolean>

const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const end of cleanUp.splice(0)) end()
})

const receivedFrom = (payload: Uint8Array): Received => ({
  encoding: AUTOMERGE_CHUNKS,
  payload,
  kind: 'update',
  envelopeId: new Uint8Array(32),
  author: new Uint8Array(32),
  session: new Uint8Array(8),
  claims: [],
})

const namesIn = (contents: readonly Content[]): readonly string[] =>
  Object.keys(contents.reduce((doc, { payload }) => A.loadIncremental(doc, payload), A.init<Note>())).sort()

interface Opened {
  readonly replica: RepoReplica
  readonly handle: DocHandle<Note>
  readonly pushed: readonly Content[]
}

/** A Repo that holds `doc`, and its replica, of which the Repo has heard. */
const openReplica = async (doc: A.Doc<Note>, isLarge: boolean): Promise<Opened> => {
  const pushed: Content[] = []
  const documentId = interpretAsDocumentId(new Repo().create<Note>().url)
  const line = createRelayLine(documentId)
  const repo = new Repo({ network: [line.adapter] })
  const replica = createRepoReplica({
    emit: line.sync,
    push: (content) => pushed.push(content),
    claim: () => undefined,
    onWaiting: () => undefined,
    isSaved: () => true,
    onRejected: () => undefined,
    onLost: () => undefined,
    ackThrottleMs: 1_000,
    inboundWindowMs: 'adaptive',
  })
  let hasSpoken = false
  line.plug(({ data }) => {
    if (hasSpoken && data !== undefined) replica.heard(data)
    hasSpoken = true
  })
  cleanUp.push(replica.close, line.unplug)
  replica.holdsContent(isLarge)
  const handle = repo.import<Note>(A.save(doc), { docId: documentId })
  await eventually(() => expect(hasSpoken).toBe(true))
  return { replica, handle, pushed }
}

const lastChangeOf = (doc: A.Doc<Note>): Uint8Array => A.getLastLocalChange(doc) ?? new Uint8Array(0)

const first = A.change(A.init<Note>(), (note) => {
  note.first = true
})
const second = A.change(A.clone(first), (note) => {
  note.second = true
})

describe('what is applied while the Repo is asked what the relay lacks is part of the answer', () => {
  const change = lastChangeOf(second)
  for (const [name, payload, isLarge] of [
    ['a change', change, false],
    ['a whole document', A.save(second), false],
    ['a change, when the answer is a whole document', change, true],
  ] as const) {
    test(name, async () => {
      const { replica } = await openReplica(first, isLarge)
      replica.track()
      const missing = replica.missing([])
      if (!(missing instanceof Function)) throw new Error('answered without asking the Repo')
      let names: readonly string[] | undefined
      missing((contents) => {
        names = namesIn(contents)
      })
      replica.apply([receivedFrom(payload)], false)
      await eventually(() => expect(names).toEqual(['first', 'second']))
    })
  }
})

test('what waits for another tab is uploaded in the order in which it was made, whoever loses patience first', async () => {
  const { replica, handle, pushed } = await openReplica(first, false)
  const missing = replica.missing([])
  if (missing instanceof Function) await new Promise<readonly Content[]>(missing)
  // The relay has it from somebody else: so that one uploads what follows, too.
  replica.apply([receivedFrom(lastChangeOf(second))], true)
  replica.begin(false)
  await eventually(() => expect(handle.doc()).toHaveProperty('second'))
  const dice = vi.spyOn(Math, 'random').mockReturnValueOnce(1).mockReturnValueOnce(0)
  cleanUp.push(() => dice.mockRestore())
  const third = A.change(A.clone(second, { actor: A.getActorId(second) }), (note) => {
    note.third = true
  })
  const changes = [lastChangeOf(third)]
  const fourth = A.change(third, (note) => {
    note.fourth = true
  })
  changes.push(lastChangeOf(fourth))
  handle.update((doc) => A.applyChanges(doc, changes)[0])
  await eventually(() => expect(pushed).not.toEqual([]))
  expect(namesIn([{ encoding: AUTOMERGE_CHUNKS, payload: A.save(second) }, pushed[0] as Content])).toEqual([
    'first',
    'fourth',
    'second',
    'third',
  ])
})

describe('what the document holds beyond a snapshot', () => {
  const snapshotOf = (doc: A.Doc<Note>): Content => ({ encoding: AUTOMERGE_CHUNKS, payload: A.save(doc) })
  const beyond = (replica: RepoReplica, ...contents: readonly Content[]): Promise<readonly Content[]> => {
    const missing = replica.beyond?.(contents) ?? []
    return missing instanceof Function ? new Promise(missing) : Promise.resolve(missing)
  }
  const opened = async (): Promise<Opened> => {
    const all = await openReplica(second, false)
    const missing = all.replica.missing([])
    const contents = missing instanceof Function ? await new Promise<readonly Content[]>(missing) : missing
    for (const content of contents) all.replica.acknowledged?.(content)
    return all
  }

  test('is nothing when it is complete, or what lies on top completes it', async () => {
    const { replica } = await opened()
    const change = { encoding: AUTOMERGE_CHUNKS, payload: lastChangeOf(second) }
    expect(await beyond(replica, snapshotOf(second))).toEqual([])
    expect(await beyond(replica, snapshotOf(first), change)).toEqual([])
  })

  test('is nothing of what is pushed and not acknowledged', async () => {
    const { replica } = await openReplica(second, false)
    const missing = replica.missing([])
    if (missing instanceof Function) await new Promise<readonly Content[]>(missing)
    expect(await beyond(replica, snapshotOf(A.init<Note>()))).toEqual([])
  })

  test('is what it lacks, though it is not known where in the document that is', async () => {
    const { replica } = await opened()
    const missing = await beyond(replica, snapshotOf(first))
    expect(namesIn([snapshotOf(first), ...missing])).toEqual(['first', 'second'])
    expect(namesIn(await beyond(replica, snapshotOf(A.init<Note>())))).toEqual(['first', 'second'])
  })

  test('does not include edits that are made before the answer: those are pushed', async () => {
    const { replica, handle, pushed } = await opened()
    const asked = [beyond(replica, snapshotOf(second)), beyond(replica, snapshotOf(first))]
    handle.change((note) => {
      note.third = true
    })
    const [complete, lacking] = await Promise.all(asked)
    expect(complete).toEqual([])
    expect(namesIn([snapshotOf(first), ...(lacking ?? [])])).toEqual(['first', 'second'])
    await eventually(() => expect(pushed).not.toEqual([]))
    expect(namesIn([snapshotOf(second), ...pushed])).toEqual(['first', 'second', 'third'])
  })

  test('does not include an edit that comes to light by the question', async () => {
    const { replica, handle, pushed } = await opened()
    const captured = replica.capture(false)
    if (!(captured instanceof Function)) throw new Error('captured without asking the Repo')
    // Whoever is asked for the whole document takes for told what is in it.
    captured(() => undefined)
    const asked = beyond(replica, snapshotOf(second))
    handle.change((note) => {
      note.third = true
    })
    expect(await asked).toEqual([])
    expect(namesIn([snapshotOf(second), ...pushed])).toEqual(['first', 'second', 'third'])
  })

  test('does not include what is applied before the answer', async () => {
    const { replica } = await opened()
    const asked = beyond(replica, snapshotOf(second))
    const third = A.change(A.clone(second), (note) => {
      note.third = true
    })
    replica.apply([receivedFrom(lastChangeOf(third))], true)
    replica.begin(false)
    expect(await asked).toEqual([])
  })

  test('includes what a document only pretends to hold', async () => {
    const { replica } = await opened()
    const old = A.save(first)
    const at = Buffer.from(old).indexOf(Buffer.from(A.getHeads(first)[0] ?? '', 'hex'))
    const lie = old.slice()
    lie.set(Buffer.from(A.getHeads(second)[0] ?? '', 'hex'), at)
    const received = receivedFrom(sealChunk(lie))
    expect(replica.apply([received], true)).toEqual([0])
    expect(namesIn(await beyond(replica, snapshotOf(A.init<Note>()), received))).toEqual(['first', 'second'])
  })
})
