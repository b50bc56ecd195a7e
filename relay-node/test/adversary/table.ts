/**
 * What becomes of each attack, by the kind of client. docs/threat-model.md shows this table, and a test holds them
 * together. A cell is `prevented`, `not noticed`, or the kinds of alarm that the client raises, sorted.
 */
import * as Y from 'yjs'
import { decodeSnapshotInner, encodeSnapshotInner } from '../../../providers/src/sync/content.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import { scripts } from '../../../providers/src/testing/index.ts'
import type { Attack, Cast, Outcome, Role, Session } from './play.ts'

export interface Row extends Attack {
  readonly outcomes: Readonly<Record<Role, Outcome>>
}

const reader = 'victim'

const takeSnapshot = async (cast: Cast): Promise<void> => {
  cast.alice.step({ type: 'snapshot' })
  await cast.pass(3000)
}

const takePrunedSnapshot = async (cast: Cast): Promise<void> => {
  await takeSnapshot(cast)
  cast.relay.prune()
}

const takeTwoSnapshots = async (cast: Cast): Promise<void> => {
  await takeSnapshot(cast)
  cast.edit(cast.alice, 'f1;')
  await cast.pass(1000)
  await takeSnapshot(cast)
}

const connectAgain = async (cast: Cast, victim: Session): Promise<void> => {
  await cast.pass(2000)
  cast.disconnect(victim)
  await cast.pass(500)
  cast.connect(reader, victim)
}

/** What Yjs makes of a document with this text, as content. */
const contentOf = (text: string, clientId: number) => {
  const doc = new Y.Doc()
  doc.clientID = clientId
  doc.getText('of evil').insert(0, text)
  return { encoding: 1, payload: Y.encodeStateAsUpdate(doc) }
}

/** Somebody whose snapshots are true but for what they say that their document is. */
const statingAnotherDigest = (vault: Vault): Vault => ({
  ...vault,
  sealSnapshot: (fields, inner) => {
    const honest = decodeSnapshotInner(inner, fields.padded)
    if (!honest.ok) throw new Error(honest.error)
    const lying = { ...honest.value, digest: vault.stateDigest(Uint8Array.of(1)) }
    return vault.sealSnapshot(fields, encodeSnapshotInner(lying, fields.padded))
  },
})

/** Who writes hears of it, if anybody does. */
const keptFromDave: Omit<Attack, 'name'> = {
  lie: () => [scripts.dropTail({ from: reader, reader: 'dave' })],
  receipts: true,
  harms: ({ dave }) => !dave.document.edits().has('v1;'),
}

/** The relay begins with the lie at once and goes on with it. */
const signTwice =
  ({ hides }: { readonly hides: boolean }) =>
  async (cast: Cast): Promise<void> => {
    const eve = cast.evilWriter()
    const [one, other] = eve.twins(contentOf('this', 1), contentOf('that', 2))
    cast.relay.lie(scripts.substitute({ id: one.id, by: other, hides, reader }))
    eve.push(one)
    await cast.pass(2000)
  }

const IN_CHUNKS = { chunkBytes: 60 } as const

const NOTHING = { encoding: 2, payload: Y.encodeStateAsUpdateV2(new Y.Doc()) }

const row = (
  name: string,
  [cold, state, holder]: readonly [Outcome, Outcome, Outcome],
  attack: Omit<Attack, 'name'>,
): Row => ({ name, outcomes: { cold, state, holder }, ...attack })

export const TABLE: readonly Row[] = [
  row('R alters ciphertexts', ['forged, withheld', 'forged, withheld', 'forged, rollback, withheld'], {
    lie: ({ early, random }) => [
      scripts.forge({ part: 'ciphertext', random, after: early, from: 'alice', reader }),
    ],
  }),
  row('R alters headers', ['forged, withheld', 'forged, withheld', 'forged, rollback, withheld'], {
    lie: ({ early, random }) => [
      scripts.forge({ part: 'header', random, after: early, from: 'alice', reader }),
    ],
  }),
  row('R alters signatures', ['forged, withheld', 'forged, withheld', 'forged, withheld'], {
    lie: ({ early, random }) => [
      scripts.forge({ part: 'signature', random, after: early, from: 'alice', reader }),
    ],
  }),
  row('R alters signatures; nobody else is there', ['forged', 'forged', 'prevented'], {
    lie: ({ early, random }) => [
      scripts.forge({ part: 'signature', random, after: early, from: 'alice', reader }),
    ],
    isAlone: true,
  }),
  row('R strips signatures', ['forged, withheld', 'forged, withheld', 'forged, withheld'], {
    lie: ({ early, random }) => [
      scripts.forge({ part: 'strip', random, after: early, from: 'alice', reader }),
    ],
  }),
  row('R signs with another key', ['forged, withheld', 'forged, withheld', 'forged, withheld'], {
    lie: ({ early, random }) => [
      scripts.forge({ part: 'resign', random, after: early, from: 'alice', reader }),
    ],
  }),
  row('R or O writes under a certificate of its own', ['withheld', 'withheld', 'rollback, withheld'], {
    lie: ({ early, random }) => [
      scripts.forge({ part: 'impostor', random, after: early, from: 'alice', reader }),
    ],
  }),
  row('R shows envelopes of another document', ['withheld', 'withheld', 'withheld'], {
    prepare: async ({ fillAnotherDocument }) => fillAnotherDocument(),
    lie: () => [scripts.splice({ reader })],
  }),
  row('R repeats envelopes', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.duplicate({ times: 3, reader })],
  }),
  row('R shows old envelopes again', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.replay({ reader })],
  }),
  row('R repeats what it said on earlier connections', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.replayOldRuns({ reader })],
    goOn: connectAgain,
  }),
  row('R shows envelopes in another order', ['withheld', 'withheld', 'rollback, withheld'], {
    lie: () => [scripts.reorder({ reader })],
  }),
  row('R leaves out one envelope', ['withheld', 'withheld', 'rollback, withheld'], {
    lie: ({ early }) => [scripts.dropOne({ version: early + 1, reader })],
  }),
  row('R leaves out the end of the log', ['withheld', 'withheld', 'rollback, withheld'], {
    lie: ({ early }) => [scripts.dropTail({ after: early, reader })],
  }),
  row('R leaves out the end of the log; nobody else is there', ['not noticed', 'not noticed', 'rollback'], {
    lie: ({ early }) => [scripts.dropTail({ after: early, reader })],
    isAlone: true,
  }),
  row('R shows one reader nothing new any more', ['withheld', 'withheld', 'withheld'], {
    lie: () => [scripts.dropTail({ reader })],
  }),
  row('R leaves out an author', ['withheld', 'rollback, withheld', 'rollback, withheld'], {
    lie: () => [scripts.dropAuthor({ from: 'alice', reader })],
  }),
  row('R leaves out an author; nobody else is there', ['not noticed', 'rollback', 'rollback'], {
    lie: () => [scripts.dropAuthor({ from: 'alice', reader })],
    isAlone: true,
  }),
  row('R hides somebody who comes and writes once', ['withheld', 'withheld', 'withheld'], {
    lie: () => [scripts.dropAuthor({ from: 'erin', reader })],
    goOn: async (cast) => {
      const erin = cast.open('erin')
      cast.connect('erin', erin)
      await cast.pass(2000)
      cast.edit(erin, 'x1;')
    },
  }),
  row('R sets the log back and keeps its id', ['prevented', 'prevented', 'rollback'], {
    lie: ({ early }) => [scripts.rollBack({ to: early })],
  }),
  row(
    'R sets the log back and keeps its id; nobody else is there',
    ['not noticed', 'not noticed', 'rollback'],
    {
      lie: ({ early }) => [scripts.rollBack({ to: early })],
      isAlone: true,
    },
  ),
  row(
    'R loses everything and keeps the log id; nobody else is there',
    ['not noticed', 'rollback', 'rollback'],
    {
      lie: () => [scripts.rollBack({ to: 0 })],
      isAlone: true,
    },
  ),
  row('R restores a backup, honestly, with a new log id', ['prevented', 'prevented', 'prevented'], {
    lie: ({ early }) => [scripts.restoreBackup({ to: early })],
  }),
  row(
    'R passes a rollback off as a backup; nobody else is there',
    ['not noticed', 'not noticed', 'prevented'],
    {
      lie: ({ early }) => [scripts.restoreBackup({ to: early })],
      isAlone: true,
    },
  ),
  row('R parts the users, entirely', ['not noticed', 'not noticed', 'not noticed'], {
    lie: () => [scripts.fork({ group: reader })],
    heals: false,
  }),
  row('R parts the users, but not their presence', ['withheld', 'withheld', 'withheld'], {
    lie: () => [scripts.fork({ group: reader, presence: true })],
    heals: false,
  }),
  row('R parts the users, and one message gets across', ['fork', 'fork', 'fork'], {
    lie: () => [scripts.fork({ group: reader, leak: ({ from }) => from === 'dave' })],
    goOn: async (cast) => {
      await cast.pass(2000)
      cast.edit(cast.dave, 'd2;')
    },
    heals: false,
  }),
  row("R acknowledges a client's edits and stores nothing", ['rollback', 'rollback', 'rollback'], {
    lie: () => [scripts.pretendToStore({ from: reader })],
    goOn: connectAgain,
  }),
  row(
    "R acknowledges a client's edits and shows them to nobody; all have `receipts`",
    ['not noticed', 'not noticed', 'not noticed'],
    {
      lie: () => [scripts.pretendToStore({ from: reader })],
      receipts: true,
    },
  ),
  row(
    "R keeps a client's edits from one of the others; all have `receipts`",
    ['excluded', 'excluded', 'excluded'],
    {
      ...keptFromDave,
      goOn: async (cast) => {
        for (let i = 1; i <= 6; i++) cast.clock.after(5000 * i, () => cast.edit(cast.alice, `f${i};`))
      },
    },
  ),
  row(
    "R keeps a client's edits from one of the others; all have `receipts`, and nobody writes any more",
    ['excluded', 'excluded', 'excluded'],
    keptFromDave,
  ),
  row("R acknowledges somebody else's edits and stores nothing", ['withheld', 'withheld', 'withheld'], {
    lie: () => [scripts.pretendToStore({ from: 'alice' })],
  }),
  row('R serves an older snapshot, and all that came after it', ['prevented', 'prevented', 'prevented'], {
    prepare: takeTwoSnapshots,
    lie: () => [scripts.staleSnapshot({ reader })],
  }),
  row('R serves an older snapshot, and nothing that came after it', ['withheld', 'withheld', 'withheld'], {
    prepare: takeTwoSnapshots,
    lie: () => [scripts.staleSnapshot({ reader, tail: false })],
  }),
  row('R withholds the snapshot of a pruned log', ['withheld', 'withheld', 'rollback, withheld'], {
    prepare: takePrunedSnapshot,
    lie: () => [scripts.staleSnapshot({ reader, keep: 0 })],
  }),
  row('R swaps snapshots', ['withheld', 'withheld', 'rollback, withheld'], {
    prepare: takeTwoSnapshots,
    lie: () => [scripts.swapSnapshots({ reader })],
  }),
  row('R cuts snapshots off', ['forged, withheld', 'forged, withheld', 'forged, rollback, withheld'], {
    prepare: takePrunedSnapshot,
    lie: () => [scripts.truncateSnapshots({ reader })],
  }),
  row('R pretends that a snapshot covers everything', ['withheld', 'withheld', 'rollback, withheld'], {
    prepare: async (cast) => {
      await takeSnapshot(cast)
      cast.edit(cast.alice, 'f1;')
      await cast.pass(1000)
    },
    lie: () => [scripts.dropUncovered({ reader })],
  }),
  row('R keeps back the chunks of a snapshot', ['withheld', 'withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: () => [scripts.dropChunks({ reader })],
    ...IN_CHUNKS,
  }),
  row('R keeps back one chunk of a snapshot', ['withheld', 'withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: () => [scripts.dropChunks({ indexes: [1], reader })],
    ...IN_CHUNKS,
  }),
  row('R alters the chunks of a snapshot', ['withheld', 'withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: ({ random }) => [scripts.forgeChunks({ random, reader })],
    ...IN_CHUNKS,
  }),
  row('R gives one chunk of a snapshot for all', ['withheld', 'withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: () => [scripts.repeatChunk({ reader })],
    ...IN_CHUNKS,
  }),
  row('R announces who is not there', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.ghosts({ reader })],
  }),
  row('R never finishes a load', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.stall({ reader })],
  }),
  row('R says everything late', ['prevented', 'prevented', 'prevented'], {
    lie: ({ random }) => [
      scripts.slow({ delayMs: 3000, random, reader }),
      scripts.drip({ everyMs: 2000, reader }),
    ],
  }),
  row(
    'W signs two updates for one position, and R shows each to some',
    ['equivocation', 'equivocation', 'equivocation'],
    {
      prepare: signTwice({ hides: false }),
      harms: () => true,
    },
  ),
  row('W signs two updates for one position, and R hides that there are two', ['fork', 'fork', 'fork'], {
    prepare: signTwice({ hides: true }),
    harms: () => true,
  }),
  row('W makes a snapshot that lacks what it covers', ['prevented', 'prevented', 'snapshot-dropped'], {
    prepare: async (cast) => {
      const eve = cast.evilWriter()
      eve.push(eve.snapshot(NOTHING))
      await cast.pass(2000)
    },
  }),
  row('W states a digest that is not that of its document', ['prevented', 'diverged', 'diverged'], {
    prepare: async (cast) => {
      const eve = cast.open('eve', { changed: statingAnotherDigest })
      cast.connect('eve', eve)
      await cast.pass(1000)
      eve.step({ type: 'snapshot' })
      await cast.pass(2000)
      cast.disconnect(eve)
    },
  }),
  row('W makes a snapshot that nobody can read', ['prevented', 'prevented', 'quarantined'], {
    prepare: async (cast) => {
      const eve = cast.evilWriter()
      eve.push(eve.snapshot({ encoding: 2, payload: Uint8Array.of(9, 9, 9) }))
      await cast.pass(2000)
    },
  }),
  row('W writes content that does not decode', ['quarantined', 'quarantined', 'quarantined'], {
    prepare: async (cast) => {
      const eve = cast.evilWriter()
      eve.push(eve.garbage(), eve.update({ encoding: 1, payload: Uint8Array.of(9, 9, 9) }))
      await cast.pass(2000)
    },
  }),
  row(
    "W writes other content under another client's CRDT id",
    ['clientid-conflict', 'clientid-conflict', 'clientid-conflict'],
    {
      prepare: async (cast) => {
        const eve = cast.evilWriter()
        eve.push(eve.update(contentOf('not what she wrote', cast.alice.document.doc.clientID)))
        await cast.pass(2000)
      },
      // Whoever met the false content first keeps it, and differs from the others for good.
      heals: false,
    },
  ),
]
