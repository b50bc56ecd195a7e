/** The real relay and the model side by side: what is said to one is said to both, and both must answer the same. */
import {
  type Cursor,
  encodeToRelay,
  type Item,
  type ToRelay,
  toHex,
  type Update,
  verify,
} from 'sealsync/protocol'
import { createModelRelay, createRandom, type ModelRelay } from 'sealsync/testing'
import type { Author } from '../../src/testing/author.ts'
import { type Client, createClient, setUp } from '../client.ts'

export interface TwinRelays {
  client(): Twin
  /** Drops the bytes of all that snapshots have replaced. */
  prune(): Promise<void>
  readonly model: ModelRelay
  /** What both have answered so far, by client. Differing answers make `real` and `model` differ. */
  transcripts(): { readonly real: readonly Transcript[]; readonly model: readonly Transcript[] }
}

/** One client of both relays. */
export interface Twin {
  hello(): Promise<void>
  /** `cursor`: where an earlier opening of a client ended. */
  open(author: Author, options?: { readonly at?: Place | undefined } & Partial<Opening>): Promise<void>
  push(...items: (Item | Update)[]): Promise<void>
  /** Each relay chooses its channels; here it is that of the document that was opened last. */
  send(frame: (channel: number) => ToRelay): Promise<void>
  raw(bytes: Uint8Array): Promise<void>
  disconnect(): void
  /** Where it stands now. */
  place(): Place
}

interface Transcript {
  readonly frames: readonly string[]
  readonly closed: number | undefined
}

type Opening = ToRelay & { readonly type: 'open' }

/** The same place in the logs of both. */
interface Place {
  readonly real: Cursor | undefined
  readonly model: Cursor | undefined
}

const cursorOf = (client: Client): Cursor | undefined => {
  const [opened, last] = [client.of('opened').at(-1), client.delivers().at(-1)]
  return opened && last && { logId: opened.logId, version: last.through, digest: last.digest }
}

export const createTwins = (): TwinRelays => {
  const setup = setUp({ limits: { graceMs: 0 } })
  const model = createModelRelay({ random: createRandom(1), verify })
  const clients: { readonly real: Client; readonly model: Client }[] = []
  const { relay } = setup
  const dialled = {
    connect: (peer: Parameters<ModelRelay['connect']>[0]) => ({
      ...model.connect(peer),
      drained: () => undefined,
    }),
    idle: () => Promise.resolve(),
  }

  const client = (): Twin => {
    const pair = { real: createClient(relay), model: createClient(dialled) }
    clients.push(pair)
    const both = [pair.real, pair.model]
    return {
      hello: async () => {
        for (const one of both) await one.hello()
      },
      open: async (author, { at, ...options } = {}) => {
        for (const one of both) {
          const cursor = one === pair.real ? at?.real : at?.model
          one.send(author.opening(await one.hello(), { cursor, ...options }))
          await relay.idle()
        }
      },
      push: async (...items) => {
        for (const one of both) one.push(...items)
        await relay.idle()
      },
      send: async (frame) => {
        for (const one of both) {
          const channel = one.of('opened').at(-1)?.channel ?? 0
          one.connection.receive(encodeToRelay(frame(channel)))
        }
        await relay.idle()
      },
      raw: async (bytes) => {
        for (const one of both) one.connection.receive(bytes.slice())
        await relay.idle()
      },
      disconnect: () => {
        for (const one of both) one.connection.disconnect()
      },
      place: () => ({ real: cursorOf(pair.real), model: cursorOf(pair.model) }),
    }
  }

  return {
    client,
    model,
    prune: async () => {
      setup.now += 1
      await relay.prune()
      model.prune()
    },
    transcripts: () => ({
      real: clients.map(({ real }) => transcript(real)),
      model: clients.map(({ model: one }) => transcript(one)),
    }),
  }
}

/** All that a client was told, without what each relay draws for itself, and without what the protocol leaves open. */
const transcript = ({ frames, closed }: Client): Transcript => {
  const logs: string[] = []
  const nameOf = (logId: Uint8Array): string => {
    const id = toHex(logId)
    if (!logs.includes(id)) logs.push(id)
    return `log ${logs.indexOf(id)}`
  }
  const plain = frames.map((frame) => {
    switch (frame.type) {
      case 'hello':
        return { type: frame.type, version: frame.version }
      case 'opened':
        return { ...frame, logId: nameOf(frame.logId) }
      case 'deliver':
      case 'found':
        return { ...frame, items: inOrder(frame.items) }
      case 'closed':
        return { ...frame, reason: '' }
      default:
        return frame
    }
  })
  const texts = plain.map((frame) => text('channel' in frame ? { ...frame, channel: 0 } : frame))
  return { frames: texts, closed: closed?.code }
}

const text = (frame: unknown): string =>
  JSON.stringify(frame, (_, value) => (value instanceof Uint8Array ? toHex(value) : value))

/** Certificates that follow each other may come in any order. */
const inOrder = (items: readonly Item[]): readonly Item[] => {
  const result: Item[] = []
  let certificates: (Item & { type: 'certificate' })[] = []
  const key = ({ certificate }: Item & { type: 'certificate' }) =>
    toHex(certificate.author) + toHex(certificate.session)
  const close = (): void => {
    result.push(...certificates.sort((a, b) => (key(a) < key(b) ? -1 : 1)))
    certificates = []
  }
  for (const item of items) {
    if (item.type === 'certificate') certificates.push(item)
    else {
      close()
      result.push(item)
    }
  }
  close()
  return result
}
