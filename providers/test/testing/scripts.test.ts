/** Each script does on the wire what it says, whatever a client makes of it. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createAuthor } from '../../../relay-node/src/testing/author.ts'
import { cryptoReady, verify } from '../../src/crypto.ts'
import {
  decodeToClient,
  encodeToRelay,
  equalBytes,
  type Snapshot,
  type Update,
} from '../../src/protocol/index.ts'
import { type Script, scripts } from '../../src/testing/index.ts'
import { createRandom } from '../../src/testing/random.ts'
import { createRelayStage, numbered, type Person, type RelayStage } from './relay-stage.ts'

beforeAll(() => cryptoReady)

/** Alice writes four updates while Bob listens. */
const begin = async (): Promise<RelayStage & { readonly alice: Person; readonly bob: Person }> => {
  const stage = createRelayStage()
  const [alice, bob] = [await stage.open('alice'), await stage.open('bob')]
  return { ...stage, alice, bob }
}

const updatesTo = ({ client }: Person): readonly Update[] =>
  client.items().flatMap((item) => (item.type === 'updates' ? item.updates : []))

const snapshotsTo = ({ client }: Person): readonly Snapshot[] =>
  client.items().flatMap((item) => (item.type === 'snapshot' ? [item.snapshot] : []))

/** Deliveries lead from version to version without a hole, whatever they bring: the lie is consistent in itself. */
const expectConsistent = ({ client }: Person): void => {
  let version: number | undefined
  for (const { after, through, load } of client.delivers()) {
    if (version !== undefined && load === 'none') expect(after).toBe(version)
    version = through
  }
}

describe('withholding', () => {
  test('dropOne leaves out one envelope for one reader, live and on the next connection', async () => {
    const { relay, alice, bob, open } = await begin()
    relay.lie(scripts.dropOne({ version: 2, reader: ['bob', 'cold'] }))
    alice.write(4)
    expect(bob.told()).toEqual(['alice 0', 'alice 2', 'alice 3'])
    expect((await open('cold')).told()).toEqual(['alice 0', 'alice 2', 'alice 3'])
    expect((await open('other')).told()).toEqual(numbered('alice', 0, 3))
    expectConsistent(bob)
  })

  test('dropTail lets the log end where it was when the script began, until it is honest again', async () => {
    const { relay, alice, bob, open } = await begin()
    alice.write(2)
    relay.lie(scripts.dropTail({ reader: ['bob', 'late'] }))
    alice.write(2)
    expect(alice.told()).toEqual(numbered('ack alice', 0, 3))
    expect(bob.told()).toEqual(numbered('alice', 0, 1))
    const late = await open('late')
    expect(late.told()).toEqual(numbered('alice', 0, 1))
    expect(late.client.delivers().at(-1)).toMatchObject({ caughtUp: true, through: 2 })
    relay.lie()
    expect(bob.told()).toEqual(numbered('alice', 0, 3))
    expectConsistent(bob)
  })

  test('dropTail that begins with an empty log shows nothing at all', async () => {
    const { relay, alice, bob } = await begin()
    relay.lie(scripts.dropTail({ reader: 'bob' }))
    alice.write(2)
    expect(bob.told()).toEqual([])
  })

  test('dropTail can leave out the end of one chain only', async () => {
    const { relay, alice, bob, open } = await begin()
    relay.lie(scripts.dropTail({ after: 2, from: 'alice' }))
    alice.write(3)
    bob.write(2)
    expect((await open('carol')).told().slice().sort()).toEqual(['alice 0', 'alice 1', 'bob 0', 'bob 1'])
  })

  test('dropAuthor hides an author from everybody else, certificate and all', async () => {
    const { relay, alice, bob, open } = await begin()
    relay.lie(scripts.dropAuthor({ from: 'alice' }))
    alice.write(2)
    bob.write()
    expect(alice.told()).toEqual(['ack alice 0', 'ack alice 1', 'bob 0'])
    expect(bob.told()).toEqual(['ack bob 0'])
    const carol = await open('carol')
    expect(carol.told()).toEqual(['bob 0'])
    expect(carol.client.items().filter(({ type }) => type === 'certificate')).toHaveLength(1)
  })

  test('dropUncovered shows a snapshot as if nothing had come after it', async () => {
    const { relay, alice, open } = await begin()
    alice.write(2)
    alice.snapshot([alice])
    alice.write(2)
    relay.lie(scripts.dropUncovered())
    expect((await open('carol')).told()).toEqual(['alice snapshot 2'])
  })

  test('pretendToStore acknowledges, and has nothing on the next connection', async () => {
    const { relay, alice, bob, open } = await begin()
    alice.write(1)
    relay.lie(scripts.pretendToStore({ from: 'alice' }))
    alice.write(2)
    bob.write(1)
    expect(alice.told()).toEqual([...numbered('ack alice', 0, 2), 'bob 0'])
    expect(bob.told()).toEqual(['alice 0', 'ack bob 0'])
    const again = await open('alice', { author: alice.author, cursor: alice.cursor() })
    expect(again.client.of('opened')).toMatchObject([{ complete: true, logId: alice.cursor().logId }])
    expect(again.told().slice().sort()).toEqual(['alice 0', 'bob 0'])
  })
})

describe('order', () => {
  test('reorder swaps neighbours', async () => {
    const { relay, alice, bob } = await begin()
    relay.lie(scripts.reorder({ reader: 'bob' }))
    alice.write(5)
    expect(bob.told()).toEqual(['alice 1', 'alice 0', 'alice 3', 'alice 2'])
    expectConsistent(bob)
  })

  test('duplicate repeats every envelope, live and on the next connection', async () => {
    const { relay, alice, bob, open } = await begin()
    relay.lie(scripts.duplicate({ times: 3, reader: ['bob', 'carol'] }))
    alice.write(2)
    const thrice = ['alice 0', 'alice 0', 'alice 0', 'alice 1', 'alice 1', 'alice 1']
    expect(bob.told()).toEqual(thrice)
    expect((await open('carol')).told()).toEqual(thrice)
    expectConsistent(bob)
  })

  test('replay shows again what came before', async () => {
    const { relay, alice, bob } = await begin()
    relay.lie(scripts.replay({ reader: 'bob' }))
    alice.write(4)
    expect(bob.told()).toEqual(['alice 0', 'alice 1', 'alice 2', 'alice 0', 'alice 1', 'alice 3'])
    expectConsistent(bob)
  })

  test('replayOldRuns repeats the deliveries of earlier connections after an opening', async () => {
    const { relay, alice, open } = await begin()
    relay.lie(scripts.replayOldRuns({ reader: 'carol' }))
    const first = await open('carol')
    alice.write(2)
    const again = await open('carol', { author: first.author, cursor: first.cursor() })
    expect(again.told()).toEqual(['alice 0', 'alice 1'])
    expect(again.client.frames.map(({ type }) => type).slice(0, 3)).toEqual(['hello', 'opened', 'deliver'])
    expect(again.client.delivers().at(-1)).toMatchObject({ after: 2, through: 2, items: [{}] })
  })
})

describe('history', () => {
  test('rollBack ends every connection and goes on from an earlier version, in the same log', async () => {
    const { relay, alice, bob, open } = await begin()
    alice.write(3)
    const before = bob.cursor()
    relay.lie(scripts.rollBack({ to: 1 }))
    expect([alice.client.closed?.code, bob.client.closed?.code]).toEqual([1012, 1012])
    const back = await open('bob', { author: bob.author, cursor: before })
    expect(back.client.of('opened')).toMatchObject([{ complete: true, logId: before.logId }])
    expect(back.told()).toEqual(['alice 0'])
    const again = await open('alice', { author: alice.author })
    again.write()
    expect(again.told()).toEqual(['alice 0', 'refused gap alice 3'])
  })

  test('rollBack goes to every prefix', async () => {
    for (const to of [0, 1, 2, 3]) {
      const { relay, alice, open } = await begin()
      alice.write(3)
      relay.lie(scripts.rollBack({ to }))
      expect((await open('carol')).told()).toEqual(numbered('alice', 0, to - 1))
    }
  })

  test('restoreBackup does the same under another log id', async () => {
    const { relay, alice, bob, open } = await begin()
    alice.write(3)
    relay.lie(scripts.restoreBackup({ to: 2 }))
    const back = await open('bob', { cursor: bob.cursor() })
    expect(back.told()).toEqual(numbered('alice', 0, 1))
    expect(equalBytes(back.cursor().logId, bob.cursor().logId)).toBe(false)
  })

  test('fork parts the readers, with the past in common and logs of their own', async () => {
    const { relay, alice, bob, open } = await begin()
    alice.write()
    relay.lie(scripts.fork({ group: ['alice', 'ann'] }))
    const ann = await open('ann')
    alice.write(2)
    bob.write()
    bob.snapshot([bob])
    alice.snapshot([alice])
    expect(ann.told()).toEqual([...numbered('alice', 0, 2), 'alice snapshot 3'])
    expect(bob.told()).toEqual(['alice 0', 'ack bob 0', 'ack bob snapshot 1'])
    expect(ann.client.of('joined').map(({ certificate }) => certificate)).toEqual([alice.author.certificate])
    expectConsistent(bob)
  })

  test('fork can let presence and single messages across', async () => {
    const { relay, alice, bob, open } = await begin()
    const leak = ({ envelope }: { envelope: Update | Snapshot }) =>
      envelope.type === 'update' && envelope.seq === 1
    relay.lie(scripts.fork({ group: ['alice', 'ann'], presence: true, leak }))
    alice.write(3)
    bob.write(1)
    expect(bob.told()).toEqual(['alice 1', 'ack bob 0'])
    alice.client.send({ type: 'ephemeral', channel: 1, ephemeral: alice.author.ephemeral() })
    expect(bob.client.of('ephemeral')).toHaveLength(1)
    const again = await open('bob', { author: bob.author, cursor: bob.cursor() })
    expect(again.client.of('opened')).toMatchObject([{ complete: false }])
    expect(again.told()).toEqual([])
  })
})

describe('forgery', () => {
  const forgeries = ['ciphertext', 'header', 'signature', 'strip', 'resign', 'impostor'] as const
  test.each(forgeries)('forge %s shows everybody else an update that does not verify', async (part) => {
    const { relay, alice, bob, open, random } = await begin()
    relay.lie(scripts.forge({ part, random, from: 'alice' }))
    alice.write(1)
    bob.write(1)
    const [seen] = updatesTo(bob)
    const [real] = alice.made
    if (seen === undefined || real?.type !== 'update') throw new Error('nothing came')
    const { signature = new Uint8Array(64), author, id } = seen
    const isOwnAuthor = equalBytes(author, real.author)
    expect(verify('env-sig', signature, author, id)).toBe(part === 'impostor')
    expect(isOwnAuthor).toBe(part !== 'impostor')
    expect(equalBytes(id, real.id)).toBe(['signature', 'strip', 'resign'].includes(part))
    expect(alice.told()).toEqual(['ack alice 0', 'bob 0'])
    // The same lie every time, or it would betray itself.
    const [again] = updatesTo(await open('carol')).filter((one) => equalBytes(one.author, author))
    expect(again?.id).toEqual(seen.id)
  })

  test('forge changes snapshots as well', async () => {
    const { relay, alice, bob, random } = await begin()
    relay.lie(scripts.forge({ part: 'ciphertext', random, from: 'alice' }))
    alice.write(1)
    alice.snapshot([alice])
    const [snapshot] = snapshotsTo(bob)
    if (snapshot === undefined) throw new Error('nothing came')
    expect(verify('env-sig', snapshot.signature, snapshot.author, snapshot.id)).toBe(false)
  })

  test('substitute shows one reader another envelope for the same position', async () => {
    const { relay, alice, bob, open } = await begin()
    const twin = createAuthor(alice.author.document, { device: alice.author.device })
    const [mine, other] = [alice.author.update(), twin.update()]
    relay.lie(scripts.substitute({ id: mine.id, by: other, reader: 'bob' }))
    alice.push(mine)
    expect(updatesTo(bob)).toEqual([other])
    expect((await open('carol')).told()).toEqual(['alice 0'])
  })

  test('splice shows envelopes of another document in between', async () => {
    const { relay, alice, bob, elsewhere } = await begin()
    const other = elsewhere()
    const eve = await other.open('eve')
    relay.lie(scripts.splice({ reader: 'bob' }))
    eve.write(2)
    alice.write(2)
    const authors = updatesTo(bob).map(({ author }) => equalBytes(author, eve.author.certificate.author))
    expect(authors).toEqual([false, true, false, true])
    // The wire names no document: what arrives has ids of its own.
    expect(bob.told()).toEqual(['alice 0', 'unknown', 'alice 1', 'unknown'])
  })
})

describe('snapshots', () => {
  const beginWithSnapshots = async () => {
    const stage = await begin()
    const { alice } = stage
    alice.write(2)
    const first = alice.snapshot([alice])
    alice.write(1)
    alice.snapshot([alice], [first.id])
    alice.write(1)
    return stage
  }

  test('staleSnapshot serves an older one, with or without what came later', async () => {
    const { relay, open } = await beginWithSnapshots()
    relay.lie(scripts.staleSnapshot())
    expect((await open('carol')).told()).toEqual(['alice snapshot 2', 'alice 2', 'alice 3'])
    relay.lie(scripts.staleSnapshot({ tail: false }))
    expect((await open('carol')).told()).toEqual(['alice snapshot 2', 'alice 2'])
    relay.lie(scripts.staleSnapshot({ keep: 0 }))
    expect((await open('carol')).told()).toEqual(numbered('alice', 0, 3))
  })

  test('staleSnapshot of a log that was pruned has a hole', async () => {
    const { relay, open } = await beginWithSnapshots()
    relay.prune()
    relay.lie(scripts.staleSnapshot({ keep: 0 }))
    expect((await open('carol')).told()).toEqual(['alice 3'])
  })

  test('swapSnapshots shows the older one last', async () => {
    const { relay, open } = await beginWithSnapshots()
    relay.lie(scripts.swapSnapshots())
    expect((await open('carol')).told()).toEqual(['alice snapshot 2', 'alice 3'])
  })

  test('truncateSnapshots cuts the ciphertext, and the signature does not fit any more', async () => {
    const { relay, alice, open } = await beginWithSnapshots()
    relay.lie(scripts.truncateSnapshots())
    const [snapshot] = snapshotsTo(await open('carol'))
    const real = alice.made.filter(({ type }) => type === 'snapshot').at(-1)
    if (snapshot === undefined || real === undefined) throw new Error('nothing came')
    expect(snapshot.ciphertext.length).toBe(Math.floor(real.ciphertext.length / 2))
    expect(verify('env-sig', snapshot.signature, snapshot.author, snapshot.id)).toBe(false)
  })
})

describe('chunks', () => {
  /** Bob asks for the two chunks of Alice's snapshot; gives what he is answered. */
  const ask = async (script: (stage: RelayStage) => Script) => {
    const stage = await begin()
    const { alice, bob, relay } = stage
    alice.write(1)
    const chunks = [alice.author.chunk(0), alice.author.chunk(1)]
    alice.client.push(...chunks.map((chunk) => ({ type: 'chunk', chunk }) as const))
    relay.lie(script(stage))
    const ids = chunks.map(({ id }) => id)
    bob.client.send({ type: 'fetch', channel: 1, ids })
    const [found] = bob.client.of('found')
    const came = found?.items.flatMap((item) => (item.type === 'chunk' ? [item.chunk] : [])) ?? []
    return { ids, chunks, came, unknown: found?.unknown }
  }

  test('dropChunks knows none of them, or not this one', async () => {
    const all = await ask(() => scripts.dropChunks({ reader: 'bob' }))
    expect(all).toMatchObject({ came: [], unknown: all.ids })
    const one = await ask(() => scripts.dropChunks({ indexes: [1] }))
    expect(one.came.map(({ index }) => index)).toEqual([0])
    expect(one.unknown).toEqual([one.ids[1]])
  })

  test('forgeChunks gives others than were asked for', async () => {
    const { ids, came } = await ask(({ random }) => scripts.forgeChunks({ random }))
    expect(came).toHaveLength(2)
    for (const { id } of came) expect(ids.some((asked) => equalBytes(asked, id))).toBe(false)
  })

  test('repeatChunk gives the first one for each', async () => {
    const { ids, came } = await ask(() => scripts.repeatChunk())
    expect(came.map(({ id }) => id)).toEqual([ids[0], ids[0]])
  })

  test('swapChunks puts the content of each in the place of another', async () => {
    const { chunks, came } = await ask(() => scripts.swapChunks())
    expect(came.map(({ index }) => index)).toEqual([0, 1])
    expect(came.map(({ ciphertext }) => ciphertext)).toEqual(chunks.map((_, i) => chunks[1 - i]?.ciphertext))
  })

  test('truncateChunks gives the first half of each', async () => {
    const { chunks, came } = await ask(() => scripts.truncateChunks())
    expect(came.map(({ index }) => index)).toEqual([0, 1])
    const halves = chunks.map(({ ciphertext }) => ciphertext.slice(0, Math.max(16, ciphertext.length >> 1)))
    expect(came.map(({ ciphertext }) => ciphertext)).toEqual(halves)
  })
})

describe('presence', () => {
  test('ghosts joins everybody twice', async () => {
    const { relay, alice, open } = await begin()
    relay.lie(scripts.ghosts({ reader: 'alice' }))
    await open('carol')
    expect(alice.client.of('joined').map(({ connection }) => connection)).toEqual([2, 3, 1_000_003])
  })

  test('replayPresence brings back who has left, with all that it showed', async () => {
    const { relay, alice, open } = await begin()
    relay.lie(scripts.replayPresence({ reader: 'alice' }))
    const carol = await open('carol')
    const ephemeral = carol.author.ephemeral()
    carol.client.send({ type: 'ephemeral', channel: 1, ephemeral })
    alice.client.clear()
    carol.client.connection.disconnect()
    expect(alice.client.frames.map(({ type }) => type)).toEqual(['left', 'joined', 'ephemeral'])
    expect(alice.client.of('ephemeral')).toMatchObject([{ connection: 3, ephemeral: { id: ephemeral.id } }])
  })

  test('mixUpPresence hands on an ephemeral under the number of another', async () => {
    const { relay, alice, bob, open } = await begin()
    relay.lie(scripts.mixUpPresence({ reader: 'alice' }))
    await open('carol')
    bob.client.send({ type: 'ephemeral', channel: 1, ephemeral: bob.author.ephemeral() })
    expect(alice.client.of('ephemeral').map(({ connection }) => connection)).toEqual([3])
  })
})

describe('noise', () => {
  /** A connection that keeps what comes as it comes. */
  const listen = ({ relay }: RelayStage, name: string) => {
    const came: Uint8Array[] = []
    const connection = relay.connect({ send: (bytes) => came.push(bytes), close: () => undefined }, name)
    const say = (frame: Parameters<typeof encodeToRelay>[0]) => connection.receive(encodeToRelay(frame))
    const isSound = (bytes: Uint8Array) => decodeToClient(bytes, () => new Uint8Array(32)).ok
    return { came, say, isSound }
  }

  test('slow keeps the order and says everything later', async () => {
    const stage = createRelayStage([scripts.slow({ delayMs: 1000, random: createRandom(3) })])
    const { came, say } = listen(stage, 'bob')
    say({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
    for (let token = 1; token <= 20; token++) say({ type: 'ping', token })
    expect(came).toEqual([])
    await stage.clock.runUntil(2000)
    expect(came.slice(1).map((bytes) => bytes[1])).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  test('drip cuts a load into items, one at a time', async () => {
    const { relay, alice, open, clock } = await begin()
    alice.write(2)
    relay.lie(scripts.drip({ everyMs: 1000, reader: 'carol' }))
    const carol = await open('carol')
    expect(carol.client.delivers()).toHaveLength(1)
    await clock.runUntil(5000)
    expect(carol.client.delivers().map(({ load, piece }) => `${load} ${piece}`)).toEqual([
      'part 0',
      'part 1',
      'last 2',
    ])
    expect(carol.told()).toEqual(['alice 0', 'alice 1'])
  })

  test('stall never finishes a load', async () => {
    const { relay, alice, open } = await begin()
    alice.write(2)
    relay.lie(scripts.stall({ reader: 'carol' }))
    const carol = await open('carol')
    expect(carol.told()).toEqual(['alice 0', 'alice 1'])
    expect(carol.client.delivers()).toMatchObject([{ load: 'part', caughtUp: false }])
  })

  test('garbage sends bytes that are no frames ahead of every frame', () => {
    const stage = createRelayStage([scripts.garbage({ random: createRandom(3), count: 2 })])
    const { came, say, isSound } = listen(stage, 'bob')
    say({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
    say({ type: 'ping', token: 5 })
    expect(came.map(isSound)).toEqual([false, false, true, false, false, true])
  })

  test('mutate changes bytes of some frames', () => {
    const stage = createRelayStage([scripts.mutate({ random: createRandom(3), probability: 0.5 })])
    const { came, say } = listen(stage, 'bob')
    say({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' })
    for (let token = 0; token < 40; token++) say({ type: 'ping', token: 7 })
    const changed = came.slice(1).filter((bytes) => bytes[0] !== 135 || bytes[1] !== 7)
    expect(changed.length).toBeGreaterThan(10)
    expect(changed.length).toBeLessThan(30)
  })
})

test('several scripts are told at once, and without any the relay is honest again', async () => {
  const { relay, alice, bob, open } = await begin()
  relay.lie(scripts.dropOne({ version: 1, reader: 'bob' }), scripts.duplicate({ reader: 'bob' }))
  alice.write(2)
  expect(bob.told()).toEqual(['alice 1', 'alice 1'])
  relay.lie()
  alice.write(1)
  expect(bob.told()).toEqual(['alice 1', 'alice 1', 'alice 0', 'alice 2'])
  expect((await open('carol')).told()).toEqual(numbered('alice', 0, 2))
})
