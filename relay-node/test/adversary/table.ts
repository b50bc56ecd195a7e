/**
 * What becomes of each attack, by the kind of client. docs/threat-model.md shows this table, and a test holds them
 * together. A cell is `prevented`, `not noticed`, or the kinds of alarm that the client raises, sorted.
 */
import * as Y from 'yjs'
import { equalBytes } from '../../../providers/src/bytes.ts'
import type { ToClient } from '../../../providers/src/protocol/index.ts'
import {
  type Content,
  decodeSnapshotInner,
  encodeSnapshotInner,
} from '../../../providers/src/sync/content.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import { type Random, type Script, scripts } from '../../../providers/src/testing/index.ts'
import type { Attack, Cast, Outcome, Role, Session } from './play.ts'

export interface Row extends Attack {
  readonly outcomes: Readonly<Record<Role, Outcome>>
}

const reader = 'victim'

const takeSnapshot = async (cast: Cast): Promise<void> => {
  cast.alice.step({ type: 'snapshot' })
  await cast.pass(3000)
}

export const takePrunedSnapshot = async (cast: Cast): Promise<void> => {
  await takeSnapshot(cast)
  cast.relay.prune()
}

const takeTwoSnapshots = async (cast: Cast): Promise<void> => {
  await takeSnapshot(cast)
  cast.edit(cast.alice, 'f1;')
  await cast.pass(1000)
  await takeSnapshot(cast)
}

/** Of everything that is shown, snapshots alone are forged. */
const forgedSnapshots = (part: scripts.Forgery, random: Random): Script => {
  const { view = (log) => log } = scripts.forge({ part, random, reader })
  return {
    view: (log, to) => {
      const forged = view(log, to)
      return log.map((entry, i) => (entry.envelope.type === 'snapshot' ? (forged[i] ?? entry) : entry))
    },
  }
}

const connectAgain = async (cast: Cast, victim: Session): Promise<void> => {
  await cast.pass(2000)
  cast.disconnect(victim)
  await cast.pass(500)
  cast.connect(reader, victim)
}

/**
 * An earlier run of the victim's device, on another disk, is recorded from its beginning; from then on all that it was
 * told is said again on each new connection of the victim.
 */
const replayedRuns = (): Omit<Attack, 'name'> => {
  const plays = new WeakMap<Cast['relay'], { readonly lies: readonly Script[]; repeated: number }>()
  return {
    prepare: async (cast) => {
      const said = new WeakSet<ToClient>()
      const counting: Script = {
        outgoing: (frame, _, say) => {
          if (said.has(frame)) play.repeated += 1
          said.add(frame)
          say(frame)
        },
      }
      const play = { lies: [scripts.replayOldRuns({ reader }), counting], repeated: 0 }
      plays.set(cast.relay, play)
      cast.relay.lie(...play.lies)
      const run = cast.open(reader)
      cast.connect(reader, run)
      await cast.pass(1000)
      cast.edit(cast.alice, 'f1;')
      await cast.pass(1000)
      cast.disconnect(run)
      run.kill()
    },
    lie: ({ relay }) => plays.get(relay)?.lies ?? [],
    goOn: async (cast, victim) => {
      await connectAgain(cast, victim)
      await cast.pass(1000)
      if (plays.get(cast.relay)?.repeated === 0) throw new Error('nothing was said again')
    },
  }
}

/** What Yjs makes of a document with this text, as content. */
const contentOf = (text: string, clientId: number): Content => {
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
  affects: { excluded: ['dave'], withheld: ['victim'] },
  others: { dave: 'withheld' },
  harms: ({ dave }) => !dave.document.edits().has('v1;'),
}

/** The relay begins with the lie at once and goes on with it. `contents`: of the two updates. */
export const signTwice = ({
  hides,
  contents,
}: {
  readonly hides: boolean
  readonly contents: () => readonly [Content, Content]
}): Omit<Attack, 'name'> => ({
  prepare: async (cast) => {
    const eve = cast.evilWriter()
    const [one, other] = eve.twins(...contents())
    cast.relay.lie(scripts.substitute({ id: one.id, by: other, hides, reader }))
    eve.push(one)
    await cast.pass(2000)
  },
  affects: { fork: ['eve'] },
  others: { alice: 'fork', dave: 'fork' },
  harms: () => true,
})

const twins = (): readonly [Content, Content] => [contentOf('this', 1), contentOf('that', 2)]

/** Whoever wrote last is missed first, but it may be anybody whose envelopes are not shown. */
const OF_BOTH = ['alice', 'dave'] as const
const SET_BACK = { affects: { rollback: ['dave'] } } as const

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
    affects: { withheld: ['alice', 'a stranger'], rollback: ['alice'] },
    lie: ({ early, random }) => [
      scripts.forge({ part: 'impostor', random, after: early, from: 'alice', reader }),
    ],
  }),
  row('R shows envelopes of another document', ['withheld', 'withheld', 'withheld'], {
    affects: { withheld: ['other'] },
    prepare: async ({ fillAnotherDocument }) => fillAnotherDocument(),
    lie: () => [scripts.splice({ reader })],
  }),
  row('R repeats envelopes', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.duplicate({ times: 3, reader })],
  }),
  row('R shows old envelopes again', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.replay({ reader })],
  }),
  row(
    'R repeats what it said on earlier connections',
    ['prevented', 'prevented', 'prevented'],
    replayedRuns(),
  ),
  row('R shows envelopes in another order', ['withheld', 'withheld', 'rollback, withheld'], {
    affects: { withheld: ['alice', 'dave', 'victim'], rollback: OF_BOTH },
    lie: () => [scripts.reorder({ reader })],
  }),
  row('R leaves out one envelope', ['withheld', 'withheld', 'rollback, withheld'], {
    lie: ({ early }) => [scripts.dropOne({ version: early + 1, reader })],
  }),
  row('R leaves out the end of the log', ['withheld', 'withheld', 'rollback, withheld'], {
    affects: { withheld: OF_BOTH, rollback: ['dave'] },
    lie: ({ early }) => [scripts.dropTail({ after: early, reader })],
  }),
  row('R leaves out the end of the log; nobody else is there', ['not noticed', 'not noticed', 'rollback'], {
    ...SET_BACK,
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
    affects: { withheld: ['erin'] },
    lie: () => [scripts.dropAuthor({ from: 'erin', reader })],
    goOn: async (cast) => {
      const erin = cast.open('erin')
      cast.connect('erin', erin)
      await cast.pass(2000)
      cast.edit(erin, 'x1;')
    },
  }),
  row('R sets the log back and keeps its id', ['prevented', 'prevented', 'rollback'], {
    ...SET_BACK,
    others: { alice: 'rollback', dave: 'rollback' },
    lie: ({ early }) => [scripts.rollBack({ to: early })],
  }),
  row(
    'R sets the log back and keeps its id; nobody else is there',
    ['not noticed', 'not noticed', 'rollback'],
    {
      ...SET_BACK,
      lie: ({ early }) => [scripts.rollBack({ to: early })],
      isAlone: true,
    },
  ),
  row(
    'R loses everything and keeps the log id; nobody else is there',
    ['not noticed', 'rollback', 'rollback'],
    {
      // A Repo has written something by itself.
      affects: { rollback: ['dave', 'victim'] },
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
    affects: { withheld: ['alice', 'victim'] },
    others: { alice: 'withheld', dave: 'withheld' },
    lie: () => [scripts.fork({ group: reader, presence: true })],
    heals: false,
  }),
  row('R parts the users, and one message gets across', ['fork', 'fork', 'fork'], {
    affects: { fork: ['dave'] },
    lie: () => [scripts.fork({ group: reader, leak: ({ from }) => from === 'dave' })],
    goOn: async (cast) => {
      await cast.pass(2000)
      cast.edit(cast.dave, 'd2;')
    },
    heals: false,
  }),
  row("R acknowledges a client's edits and stores nothing", ['rollback', 'rollback', 'rollback'], {
    affects: { rollback: ['victim'], withheld: ['victim'] },
    others: { alice: 'withheld', dave: 'withheld' },
    lie: () => [scripts.pretendToStore({ from: reader })],
    goOn: connectAgain,
  }),
  row(
    "R acknowledges a client's edits and shows them to nobody; all have `receipts`",
    ['not noticed', 'not noticed', 'not noticed'],
    {
      affects: { withheld: ['victim'] },
      others: { alice: 'withheld', dave: 'withheld' },
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
    others: { dave: 'withheld' },
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
    affects: { withheld: OF_BOTH, rollback: ['dave'] },
    prepare: takePrunedSnapshot,
    lie: () => [scripts.staleSnapshot({ reader, keep: 0 })],
  }),
  row('R swaps snapshots', ['withheld', 'withheld', 'rollback, withheld'], {
    prepare: takeTwoSnapshots,
    lie: () => [scripts.swapSnapshots({ reader })],
  }),
  row('R alters snapshots', ['forged, withheld', 'forged, withheld', 'forged, rollback, withheld'], {
    prepare: takePrunedSnapshot,
    lie: ({ random }) => [forgedSnapshots('ciphertext', random)],
    affects: { withheld: OF_BOTH, rollback: ['dave'] },
  }),
  row('R strips the signatures of snapshots', ['forged, withheld', 'forged, withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: ({ random }) => [forgedSnapshots('strip', random)],
    affects: { withheld: OF_BOTH, rollback: ['dave'] },
  }),
  row('R signs snapshots with another key', ['forged, withheld', 'forged, withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: ({ random }) => [forgedSnapshots('resign', random)],
    affects: { withheld: OF_BOTH, rollback: ['dave'] },
  }),
  row(
    'R or O shows a snapshot under a certificate of its own',
    ['forged, withheld', 'forged, withheld', 'forged, rollback, withheld'],
    {
      prepare: takePrunedSnapshot,
      lie: ({ random }) => [forgedSnapshots('impostor', random)],
      affects: { forged: ['a stranger'], withheld: [...OF_BOTH, 'a stranger'], rollback: ['dave'] },
    },
  ),
  row('R cuts snapshots off', ['forged, withheld', 'forged, withheld', 'forged, rollback, withheld'], {
    affects: { withheld: OF_BOTH, rollback: ['dave'] },
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
  row('R gives each chunk of a snapshot the content of another', ['withheld', 'withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: () => [scripts.swapChunks({ reader })],
    ...IN_CHUNKS,
  }),
  row('R cuts the chunks of a snapshot off', ['withheld', 'withheld', 'prevented'], {
    prepare: takePrunedSnapshot,
    lie: () => [scripts.truncateChunks({ reader })],
    ...IN_CHUNKS,
  }),
  row('R announces who is not there', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.ghosts({ reader })],
  }),
  row('R shows once more what somebody showed who has left', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.replayPresence({ reader })],
    goOn: async (cast) => {
      const erin = cast.open('erin')
      cast.connect('erin', erin)
      await cast.pass(1000)
      erin.step({ type: 'presented', payload: Uint8Array.of(1) })
      cast.edit(erin, 'x1;')
      await cast.pass(3000)
      cast.disconnect(erin)
      await cast.pass(5000)
    },
  }),
  row('R shows what somebody shows in the name of somebody else', ['prevented', 'prevented', 'prevented'], {
    lie: () => [scripts.mixUpPresence({ reader })],
  }),
  row('R sends rubbish between its frames', ['prevented', 'prevented', 'prevented'], {
    lie: ({ random }) => [scripts.garbage({ random, reader })],
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
    signTwice({ hides: false, contents: twins }),
  ),
  row(
    'W signs two updates for one position, and R hides that there are two',
    ['fork', 'fork', 'fork'],
    signTwice({ hides: true, contents: twins }),
  ),
  row('W makes a snapshot that lacks what it covers', ['prevented', 'prevented', 'snapshot-dropped'], {
    others: { alice: 'snapshot-dropped', dave: 'snapshot-dropped' },
    prepare: async (cast) => {
      const eve = cast.evilWriter()
      eve.push(eve.snapshot(NOTHING))
      await cast.pass(2000)
    },
  }),
  row(
    'W covers more of Alice than she has written, and R shows it to all',
    ['prevented', 'prevented', 'prevented'],
    {
      others: { alice: 'forged' },
      // Alice hears who has made it.
      affects: { forged: ['eve'] },
      prepare: async (cast) => {
        const eve = cast.evilWriter()
        const content = { encoding: 2, payload: Y.encodeStateAsUpdateV2(cast.alice.document.doc) }
        const snapshot = eve.snapshot(content)
        const { author } = cast.alice.session.name()
        const more = eve.cover().map((entry) => ({
          ...entry,
          ...(equalBytes(entry.author, author) ? { seq: entry.seq + 1000, head: new Uint8Array(32) } : {}),
        }))
        cast.relay.lie(scripts.substitute({ id: snapshot.id, by: eve.snapshot(content, more) }))
        eve.push(snapshot)
        await cast.pass(2000)
      },
    },
  ),
  row('W states a digest that is not that of its document', ['prevented', 'diverged', 'diverged'], {
    others: { alice: 'diverged', dave: 'diverged' },
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
    others: { alice: 'quarantined', dave: 'quarantined' },
    prepare: async (cast) => {
      const eve = cast.evilWriter()
      eve.push(eve.snapshot({ encoding: 2, payload: Uint8Array.of(9, 9, 9) }))
      await cast.pass(2000)
    },
  }),
  row('W writes content that does not decode', ['quarantined', 'quarantined', 'quarantined'], {
    others: { alice: 'quarantined', dave: 'quarantined' },
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
      others: { alice: 'clientid-conflict', dave: 'clientid-conflict' },
      // It names whose content comes second, and a load may bring the false one first.
      accuses: (role) => (role === 'cold' ? ['alice', 'eve'] : ['eve']),
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
