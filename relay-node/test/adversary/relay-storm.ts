/** A storm of hostile frames over a relay at which two honest clients work: what it sends, and what it must not do. */
import { type Item, type ToRelay, updateItems } from '../../../providers/src/protocol/index.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import { createYjsDocument } from '../simulation/yjs-document.ts'
import { type Attacker, createAttacker } from './attacker.ts'
import { createHostileWriter, type HostileWriter, vainAnswer } from './hostile-writer.ts'
import { createCorpus, mutated, noise } from './mutation.ts'
import type { RelayUnderTest } from './relay-under-test.ts'
import { createWholeClient } from './whole-client.ts'

export interface Round {
  /** Hostile frames, without the greetings and openings that lead up to them. */
  readonly taken: number
  /** How many of them cost their sender the connection. */
  readonly dropped: number
  /** Types of frames that the honest ones were recorded with. */
  readonly recorded: ReadonlySet<number>
  readonly slowestMs: number
  /** What did not hold; empty when all is well. */
  readonly problems: readonly string[]
}

const UP_TYPES = [1, 2, 3, 4, 5, 6, 7] as const
const MAX = Number.MAX_SAFE_INTEGER
const LAG = 2 * 1024 * 1024

/** One frame that is well formed and means harm, or nothing. */
const nonsense = (attacker: Attacker, writer: HostileWriter, random: Random): ToRelay => {
  const channel = random.chance(0.93)
    ? attacker.channel()
    : (random.pick([0, 1, attacker.channel() + 1, MAX]) ?? 0)
  const items = (): readonly Item[] => {
    switch (random.int(8)) {
      case 0:
        return updateItems([writer.misplaced()])
      case 1:
        return [{ type: 'snapshot', snapshot: writer.snapshot() }]
      case 2:
        return updateItems([writer.stranger(), writer.stranger()])
      case 3:
        return [{ type: 'certificate', certificate: writer.vault.certify(random.bytes(8)) }]
      case 4:
        return random.chance(0.1) ? [vainAnswer(random)] : []
      case 5: {
        const [one, two] = [writer.update(), writer.update()]
        return updateItems(random.chance(0.5) ? [two, one] : [one, two, one])
      }
      default:
        return [{ type: 'certificate', certificate: writer.certificate() }, ...updateItems([writer.update()])]
    }
  }
  switch (random.int(10)) {
    case 0:
      return {
        type: 'ephemeral',
        channel,
        ephemeral: random.chance(0.5) ? writer.ephemeral() : writer.heads(),
      }
    case 1:
      return {
        type: 'fetch',
        channel,
        ids: Array.from({ length: random.pick([0, 1, 1, 1, 256]) ?? 0 }, () => random.bytes(32)),
      }
    case 2:
      return random.chance(0.1)
        ? { type: 'close', channel }
        : { type: 'ping', token: random.pick([0, MAX]) ?? 0 }
    default:
      return { type: 'push', channel, items: items() }
  }
}

/**
 * One round: a document, two honest clients that edit it throughout, and as many hostile frames, in the order and at the
 * moments that the dice give. Everything in it depends on the dice alone.
 */
export const playRound = async (
  target: RelayUnderTest,
  {
    clock,
    random,
    room,
    frames,
    broken,
  }: {
    readonly clock: Clock
    readonly random: Random
    readonly room: string
    readonly frames: number
    /** The share of hostile frames that are changed ones, or noise. */
    readonly broken: number
  },
): Promise<Round> => {
  const corpus = createCorpus()
  const up = (bytes: Uint8Array): readonly Uint8Array[] => {
    corpus.add(bytes)
    return [bytes]
  }
  const problems: string[] = []
  const honest = ['alice', 'bob'].map((name) => {
    const client = createWholeClient({
      ...{ clock, random, vault: target.vault(room, name), verify: target.verify, snapshotAfter: 40 },
      createDocument: (provider) => createYjsDocument(provider),
    })
    client.connect(target.dial({ up }))
    return client
  })
  const pass = (ms: number): Promise<void> => clock.runUntil(clock.now() + ms)
  const made: string[] = []
  const edit = (): void => {
    const id = `${made.length};`
    made.push(id)
    honest[made.length % honest.length]?.edit(id)
  }
  for (let i = 0; i < 12; i++) {
    edit()
    if (i === 6) honest[0]?.step({ type: 'presented', payload: Uint8Array.of(1, 2, 3) })
    await pass(120)
  }

  const vault = target.vault(room, 'mallory')
  const writer = createHostileWriter(vault, random)
  let attacker = createAttacker(target, writer)
  let stage = 'silent' as 'silent' | 'greeted' | 'open'
  let cursor = attacker.cursor()
  let [taken, dropped, slowestMs] = [0, 0, 0]

  const send = (bytes: Uint8Array): void => {
    taken += 1
    const from = process.threadCpuUsage()
    attacker.connection.receive(bytes)
    const { user, system } = process.threadCpuUsage(from)
    slowestMs = Math.max(slowestMs, (user + system) / 1000)
  }
  const opening = (): ToRelay | undefined => {
    const logId = random.bytes(16)
    const absurd = { logId, version: random.pick([0, 1, MAX]) ?? 0, digest: logId }
    return attacker.opening(random.chance(0.8) ? cursor : random.pick([absurd, undefined]))
  }
  /** The next step of whoever behaves at first. */
  const advance = async (): Promise<void> => {
    const next =
      stage === 'silent' ? ({ type: 'hello', minVersion: 1, maxVersion: 1, token: '' } as const) : opening()
    if (next !== undefined) attacker.connection.receive(attacker.say(next))
    stage = stage === 'silent' ? 'greeted' : 'open'
    // The relay answers in the same moment, once its promises have settled.
    for (let i = 0; i < 40; i++) await Promise.resolve()
  }

  while (taken < frames) {
    if (!attacker.isOpen()) {
      dropped += 1
      cursor = attacker.cursor()
      attacker = createAttacker(target, writer)
      stage = 'silent'
      if (random.chance(0.2)) writer.renew()
    }
    const dice = random()
    if (stage !== 'open' && dice < 0.9) await advance()
    else if (dice < broken - 0.01) send(mutated(corpus.all(), random))
    else if (dice < broken) send(noise(UP_TYPES, random))
    else if (dice < broken + 0.02) send(random.pick(corpus.all()) ?? new Uint8Array(0))
    else if (dice < broken + 0.03) {
      // Again, or for the first time with another cursor.
      const again = opening()
      if (again !== undefined) send(attacker.say(again))
    } else {
      const bytes = attacker.say(nonsense(attacker, writer, random))
      if (random.chance(0.1)) corpus.add(bytes)
      send(bytes)
      if (random.chance(0.01)) send(bytes)
    }
    if (random.chance(0.01)) attacker.lag(random.chance(0.5) ? 0 : LAG)
    if (random.chance(0.002)) attacker.leave()
    if (random.chance(0.05)) await pass(random.chance(0.1) ? 60 : 2)
    if (random.chance(0.01)) edit()
  }
  attacker.leave()
  await pass(20_000)

  const [alice, bob] = honest
  for (const client of honest) {
    const held = client.document.edits()
    const lacking = made.filter((id) => !held.has(id))
    if (lacking.length > 0) problems.push(`an honest client lacks ${lacking.length} edits`)
    if (!client.isSaved())
      problems.push(`an honest client has ${client.session.status().pending} edits pending`)
  }
  if (
    alice &&
    bob &&
    JSON.stringify([...alice.document.facts()].sort()) !== JSON.stringify([...bob.document.facts()].sort())
  )
    problems.push('the honest clients differ')
  for (const client of honest) client.close()
  await pass(2_000)
  await target.relay.idle()
  const { connections, documents, waiting } = target.relay.stats()
  if (connections + documents + waiting > 0)
    problems.push(
      `the relay still holds ${connections} connections, ${documents} documents, ${waiting} pushes`,
    )
  for (const fault of target.faults) problems.push(`fault: ${String(fault)}`)
  return { taken, dropped, recorded: new Set(corpus.types.keys()), slowestMs, problems }
}
