/** Vectors of what is packed for the wire: segments, and every type of frame. */
import { toHex } from '../../src/bytes.ts'
import { signingKey } from '../../src/crypto.ts'
import {
  createWriter,
  encodeCertificate,
  encodeChunk,
  encodeGenesis,
  encodeRecord,
  encodeSigned,
  encodeSnapshot,
  encodeToClient,
  encodeToRelay,
  encodeUpdate,
  type Item,
  REFUSALS,
  type ToClient,
  type ToRelay,
  tailOf,
  type Update,
  updateItems,
  writeSegment,
} from '../../src/protocol/index.ts'
import { type Plain, plain, plainRecord, type Vector, type VectorFile } from './kinds.ts'
import { counting, createSamples, SESSION, sampleRecords } from './samples.ts'

const segment = (
  name: string,
  updates: readonly Update[],
  signatures: 'every' | 'last',
  before?: Update,
): Vector => {
  const writer = createWriter()
  writeSegment(writer, updates, signatures, before && tailOf(before))
  const pushedBefore = before === undefined ? {} : { pushedBefore: toHex(encodeUpdate(before)) }
  return {
    name,
    inputs: { signatures, ...pushedBefore, updates: updates.map((update) => toHex(encodeUpdate(update))) },
    expected: plainRecord({ bytes: writer.done(), ids: updates.map((update) => update.id) }),
  }
}

export const segments = (): VectorFile => {
  const [first, second, third] = createSamples().updates
  return {
    about:
      'Runs of the updates of update.json, packed. The receiver rebuilds canonical bytes and ids; with "last" only the last has its signature.',
    vectors: [
      segment('two updates, every signature', [first, second], 'every'),
      segment('two updates, the last signature', [first, second], 'last'),
      segment('one update, padded, with a base and deps', [third], 'every'),
      segment('one update that follows on the one pushed before', [second], 'every', first),
      segment('one update that follows on, with another base', [third], 'every', second),
    ],
  }
}

const plainItem = (item: Item): Plain => {
  switch (item.type) {
    case 'certificate':
      return { type: item.type, certificate: toHex(encodeCertificate(item.certificate)) }
    case 'updates': {
      const updates = item.updates.map((update) => toHex(encodeUpdate(update)))
      return { type: item.type, signatures: item.signatures, updates }
    }
    case 'snapshot':
      return { type: item.type, snapshot: toHex(encodeSnapshot(item.snapshot)) }
    case 'record':
      return { type: item.type, record: toHex(encodeRecord(item.record)) }
    case 'chunk':
      return { type: item.type, chunk: toHex(encodeChunk(item.chunk)) }
    case 'ack':
    case 'refused':
      return plain(item)
  }
}

/** A frame in JSON: what has canonical bytes of its own stands there as these. */
const plainFrame = (frame: ToRelay | ToClient): Readonly<Record<string, Plain>> => ({
  ...plainRecord(frame),
  ...('items' in frame ? { items: frame.items.map(plainItem) } : {}),
  ...('genesis' in frame ? { genesis: toHex(encodeGenesis(frame.genesis)) } : {}),
  ...('certificate' in frame ? { certificate: toHex(encodeCertificate(frame.certificate)) } : {}),
  ...('ephemeral' in frame ? { ephemeral: toHex(encodeSigned(frame.ephemeral)) } : {}),
})

interface Frames {
  readonly up: readonly (readonly [name: string, frame: ToRelay])[]
  readonly down: readonly (readonly [name: string, frame: ToClient])[]
}

/** Every type of frame, and in them every type of item. Channel 5 is the document of update.json. */
const sampleFrames = (): Frames => {
  const { keys, writer, certificate, updates, snapshot, ephemeral, chunks } = createSamples()
  const relayKey = signingKey(counting(30, 32)).publicKey
  const nonce = counting(150, 32)
  const [channel, connection, logId, digest] = [5, 300, counting(80, 16), counting(160, 16)]
  const ids = [counting(33, 32), counting(34, 32)]
  const open = {
    type: 'open' as const,
    ...{ attempt: 3, create: true, genesis: keys.genesis, certificate },
    ...writer.prove(relayKey, nonce, certificate),
  }
  const refused = REFUSALS.map((code, i) => ({
    ...{ type: 'refused', id: counting(i, 32), code, retryAfterMs: code === 'unavailable' ? 1500 : 0 },
    ended: code === 'superseded' ? [{ author: writer.author, session: SESSION }] : [],
  })) satisfies readonly Item[]
  const chunkItems = chunks.map((chunk): Item => ({ type: 'chunk', chunk }))
  const deliver = { type: 'deliver', channel, after: 127, through: 128, digest } as const
  return {
    up: [
      ['hello', { type: 'hello', minVersion: 1, maxVersion: 1, token: 'tökén' }],
      ['open without a cursor', { ...open, cursor: undefined }],
      ['open with a cursor', { ...open, create: false, cursor: { logId, version: 2 ** 32, digest } }],
      [
        'push of a certificate, updates and a snapshot',
        {
          ...{ type: 'push', channel },
          items: [
            { type: 'certificate', certificate },
            ...updateItems(updates),
            { type: 'snapshot', snapshot },
          ],
        },
      ],
      ['push of chunks', { type: 'push', channel, items: chunkItems }],
      ['ephemeral', { type: 'ephemeral', channel, ephemeral }],
      ['fetch', { type: 'fetch', channel, ids }],
      ['close', { type: 'close', channel }],
      ['ping', { type: 'ping', token: Number.MAX_SAFE_INTEGER }],
    ],
    down: [
      ['hello', { type: 'hello', version: 1, relayKey, nonce }],
      [
        'opened, complete and new',
        {
          ...{ type: 'opened', docId: keys.docId, attempt: 3, channel, connection, logId },
          ...{ complete: true, isNew: true },
        },
      ],
      [
        'deliver, plain, caught up',
        { ...deliver, load: 'none', piece: 0, caughtUp: true, items: updateItems(updates, 'last') },
      ],
      [
        'deliver, part of a load',
        { ...deliver, load: 'part', piece: 0, caughtUp: false, items: [{ type: 'snapshot', snapshot }] },
      ],
      ['deliver, last of a load', { ...deliver, load: 'last', piece: 1, caughtUp: true, items: [] }],
      [
        'deliver of an ack and every refusal',
        {
          ...deliver,
          load: 'none',
          piece: 0,
          caughtUp: false,
          items: [{ type: 'ack', id: counting(33, 32) }, ...refused],
        },
      ],
      ['ephemeral', { type: 'ephemeral', channel, connection, ephemeral }],
      ['found', { type: 'found', channel, items: updateItems(updates.slice(0, 1)), unknown: ids }],
      ['found, of a chunk', { type: 'found', channel, items: chunkItems.slice(1), unknown: [] }],
      ['closed', { type: 'closed', docId: keys.docId, code: 4404, reason: 'no such document' }],
      ['pong', { type: 'pong', token: 0 }],
      ['joined', { type: 'joined', channel, connection, certificate }],
      ['left', { type: 'left', channel, connection }],
    ],
  }
}

/** A record is of another document than the other frames: one that has an admin. */
const recordFrame = (): ToRelay => ({
  ...{ type: 'push', channel: 6 },
  items: sampleRecords()
    .slice(0, 1)
    .map((record) => ({ type: 'record', record })),
})

export const frames = (): VectorFile => {
  const { up, down } = sampleFrames()
  const withRecord = ['push of a record', recordFrame()] as const
  return {
    about:
      'Every type of frame. Channel 5 stands for the document of update.json, channel 6 for the one with an admin of genesis.json.',
    vectors: [
      ...[...up, withRecord].map(([name, frame]) => ({
        name: `to relay: ${name}`,
        inputs: plainFrame(frame),
        expected: { bytes: toHex(encodeToRelay(frame)) },
      })),
      ...down.map(([name, frame]) => ({
        name: `to client: ${name}`,
        inputs: plainFrame(frame),
        expected: { bytes: toHex(encodeToClient(frame)) },
      })),
    ],
  }
}
