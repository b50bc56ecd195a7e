/** A lying relay and hand-made clients with names: what each of them is told, in short words. */

import { type Author, createAuthor, createTestDocument } from '../../../relay-node/src/testing/author.ts'
import { createClient, type Client as WireClient } from '../../../relay-node/test/client.ts'
import { type Cursor, type Item, type Snapshot, toHex, type Update } from '../../src/protocol/index.ts'
import { type Clock, createClock } from '../../src/testing/clock.ts'
import { createEvilRelay, type EvilRelay } from '../../src/testing/evil-relay.ts'
import { createRandom, type Random } from '../../src/testing/random.ts'
import type { Script } from '../../src/testing/script.ts'

export interface RelayStage {
  readonly relay: EvilRelay
  readonly random: Random
  readonly clock: Clock
  /** Opens the document on a new connection. */
  open(
    name: string,
    options?: { readonly cursor?: Cursor | undefined; readonly author?: Author },
  ): Promise<Person>
  /** Another document on the same relay. */
  elsewhere(): RelayStage
}

export interface Person {
  readonly author: Author
  readonly client: WireClient
  /** Pushes so many updates, one by one. */
  write(count?: number): void
  /** Pushes a snapshot over these people's chains. */
  snapshot(over: readonly Person[], parents?: readonly Uint8Array[]): Snapshot
  push(...envelopes: readonly (Update | Snapshot)[]): void
  /** Its envelopes, in the order in which it made them. */
  readonly made: readonly (Update | Snapshot)[]
  /** What it was told in deliveries: `alice 0`, `alice snapshot 1`, `ack bob 0`, `refused gap bob 3`, `unknown`. */
  told(): readonly string[]
  cursor(): Cursor
}

export const createRelayStage = (script: readonly Script[] = []): RelayStage => {
  const clock = createClock()
  const random = createRandom(1)
  const relay = createEvilRelay({ random: createRandom(2), script, after: clock.after })
  return stageOn(relay, clock, random)
}

const stageOn = (relay: EvilRelay, clock: Clock, random: Random): RelayStage => {
  const document = createTestDocument()
  const labels = new Map<string, string>()
  const labelOf = (id: Uint8Array): string => labels.get(toHex(id)) ?? 'unknown'
  const said = (item: Item): readonly string[] => {
    switch (item.type) {
      case 'updates':
        return item.updates.map(({ id }) => labelOf(id))
      case 'snapshot':
        return [labelOf(item.snapshot.id)]
      case 'ack':
        return [`ack ${labelOf(item.id)}`]
      case 'refused':
        return [`refused ${item.code} ${labelOf(item.id)}`]
      case 'chunk':
        return [`chunk ${item.chunk.index}`]
      case 'certificate':
      case 'record':
        return []
    }
  }
  return {
    relay,
    random,
    clock,
    elsewhere: () => stageOn(relay, clock, random),
    open: async (name, { cursor, author = createAuthor(document) } = {}) => {
      const client = createClient({
        connect: (peer) => ({ ...relay.connect(peer, name), drained: () => undefined }),
        idle: async () => undefined,
      })
      await client.open(author, { cursor })
      const made: (Update | Snapshot)[] = []
      const push: Person['push'] = (...envelopes) => {
        for (const envelope of envelopes) {
          const label =
            envelope.type === 'update' ? `${name} ${envelope.seq}` : `${name} snapshot ${made.length}`
          labels.set(toHex(envelope.id), label)
          made.push(envelope)
          client.push(envelope.type === 'update' ? envelope : { type: 'snapshot', snapshot: envelope })
        }
      }
      const person: Person = {
        author,
        client,
        made,
        push,
        write: (count = 1) => {
          for (const update of author.updates(count)) push(update)
        },
        snapshot: (over, parents) => {
          const cover = over.flatMap((one) => {
            const last = one.made.filter((envelope) => envelope.type === 'update').at(-1)
            return last === undefined ? [] : [one.author.upTo(last)]
          })
          const snapshot = author.snapshot(cover, parents)
          push(snapshot)
          return snapshot
        },
        told: () => client.items().flatMap(said),
        cursor: () => {
          const [opened, last] = [client.of('opened').at(-1), client.delivers().at(-1)]
          if (opened === undefined || last === undefined) throw new Error('nothing was delivered')
          return { logId: opened.logId, version: last.through, digest: last.digest }
        },
      }
      return person
    },
  }
}

/** `alice 0`, `alice 1`, … */
export const numbered = (name: string, from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${name} ${from + i}`)
