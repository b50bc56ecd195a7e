/** Section 11 of docs/protocol.md: segments, items, frames. */
import { envelope, idOf, idsAscending } from './envelope.ts'
import { certificate, genesis } from './keys.ts'
import {
  decode,
  encode,
  type Fields,
  fieldsOf,
  flag,
  type Io,
  type Layout,
  lengthOf,
  list,
  listOf,
  MAX_U32,
  MAX_U53,
  must,
  NONE,
  named,
  type Plain,
  sized,
  text,
  textOf,
} from './layout.ts'
import { record } from './record.ts'

/** What a connection knows: the document of each channel, and the last update that was pushed there. */
export interface Connection {
  docIdOf(channel: number): string
  /** Canonical bytes of the last update that stood in a push frame, if the next segment is to follow on. */
  readonly pushedBefore?: string
}

const updateLayout = envelope('update')

/** `updates` are canonical bytes; with signatures "last" all but the last are read without their signature. */
export const segment =
  (docId: string, pushedBefore?: string): Layout =>
  (io, f) => {
    const updates = listOf(f.updates).map((update) => decode(updateLayout, textOf(update)))
    const first = updates[0] ?? {}
    const before = pushedBefore === undefined ? undefined : decode(updateLayout, pushedBefore)
    const writtenBase = Number(first.base !== (before?.base ?? NONE))
    const flags = io.uint(1, [0, 7], Number(f.signatures === 'every') + 2 * writtenBase + (before ? 4 : 0))
    const followed = flags >= 4 ? before : undefined
    must(flags < 4 || followed !== undefined, 'nothing to follow on')
    const shared = followed ?? {
      author: io.bytes(32, first.author),
      session: io.bytes(8, first.session),
      keyId: io.bytes(16, first.keyId),
      logHeight: io.varint(MAX_U32, first.logHeight),
    }
    const without = textOf(followed?.base ?? NONE)
    const base = (flags & 2) === 0 ? without : io.bytes(32, first.base)
    must((flags & 2) === 0 || (base !== without && base !== NONE), 'a base that says nothing')
    const seq = io.varint(MAX_U53, first.seq)
    const prev = prevOf(io, seq, first, followed)
    const count = io.varint(65_535, lengthOf(f.updates))
    must(count > 0 && seq + count - 1 <= MAX_U53, 'a count out of bounds')
    must(count > 1 || flags % 2 === 1, 'a single update without saying that it is signed')
    const { author, session, keyId, logHeight } = shared
    return rebuild(io, updates, {
      ...{ docId, author, session, keyId, logHeight, base, seq, prev, count },
      flags,
    })
  }

const prevOf = (io: Io, seq: number, first: Fields, followed?: Fields): string => {
  if (followed === undefined) return io.bytes(32, first.prev)
  const prev = idOf({ ...followed, type: 'update' })
  must(seq === Number(followed.seq) + 1, 'it does not follow on')
  must(
    io.bytes(4, io.isReading ? undefined : textOf(first.prev).slice(0, 8)) === prev.slice(0, 8),
    'another chain',
  )
  return prev
}

const rebuild = (io: Io, given: readonly Fields[], { flags, count, ...shared }: Fields): Fields => {
  const ids: string[] = []
  const rebuilt: Fields[] = []
  for (let i = 0; i < Number(count); i++) {
    const f = given[i] ?? {}
    const padded = flag(io, f.padded)
    const deps = idsAscending(io, io.uint(1, [0, 32], lengthOf(f.deps)), f)
    const nonce = io.bytes(24, f.nonce)
    const commitment = io.bytes(32, f.commitment)
    const ciphertext = sized(io, 'varint', [16, 4_194_304], f.ciphertext)
    const place = { seq: Number(shared.seq) + i, prev: ids.at(-1) ?? textOf(shared.prev) }
    const update = { type: 'update', ...shared, ...place, padded, deps, nonce, commitment, ciphertext }
    rebuilt.push(update)
    ids.push(idOf(update))
  }
  const isEvery = Number(flags) % 2 === 1
  const updates = rebuilt.map((update, i) => {
    if (!isEvery && i < rebuilt.length - 1)
      return encode(updateLayout, { ...update, signature: '00'.repeat(64) }).slice(0, -128)
    return encode(updateLayout, { ...update, signature: io.bytes(64, given[i]?.signature) })
  })
  return { signatures: isEvery ? 'every' : 'last', updates, ids }
}

const checked = (layout: Layout, hex: string, docId?: string): string => {
  const fields = decode(layout, hex)
  must(docId === undefined || fields.docId === docId, 'an envelope of another document')
  return hex
}

const CODES = [
  'gap',
  'session-ended',
  'epoch',
  'snapshot-needed',
  'superseded',
  'too-large',
  'role',
  'invalid',
  'unavailable',
]
const ITEMS = ['certificate', 'updates', 'snapshot', 'record', 'ack', 'refused', 'chunk']

const certificateIn = (io: Io, f: Fields): string => checked(certificate, io.bytes(143, f.certificate))

const item = (io: Io, f: Fields, docId: string, pushedBefore?: string): Fields => {
  const type = named(io, 1, ITEMS, f.type)
  if (type === 'certificate') return { type, certificate: certificateIn(io, f) }
  if (type === 'updates') return { type, ...segment(docId, pushedBefore)(io, f) }
  if (type === 'snapshot') {
    const snapshot = sized(io, 'varint', [0, 17_301_504], f.snapshot)
    return { type, snapshot: checked(envelope('snapshot'), snapshot, docId) }
  }
  if (type === 'record') {
    return { type, record: checked(record, sized(io, 'varint', [0, 1_049_600], f.record), docId) }
  }
  if (type === 'chunk') {
    return { type, chunk: checked(envelope('chunk'), sized(io, 'varint', [0, 65_684], f.chunk), docId) }
  }
  const id = io.bytes(32, f.id)
  if (type === 'ack') return { type, id }
  const code = named(io, 1, CODES, f.code)
  const retryAfterMs = io.varint(MAX_U53, f.retryAfterMs)
  const count = io.varint(MAX_U53, lengthOf(f.ended))
  const ended = list(count, f.ended, (entry) => {
    const { author, session } = fieldsOf(entry)
    return { author: io.bytes(32, author), session: io.bytes(8, session) }
  })
  return { type, id, code, retryAfterMs, ended }
}

const itemsOf = (
  io: Io,
  f: Fields,
  docId: string,
  isPush = false,
  pushedBefore?: string,
): readonly Fields[] => {
  let before = pushedBefore
  return list(io.varint(65_535, lengthOf(f.items)), f.items, (entry) => {
    const read = item(io, fieldsOf(entry), docId, isPush ? before : undefined)
    must(!isPush || (read.type !== 'ack' && read.type !== 'refused'), 'an item that only relays send')
    if (read.type === 'updates' && io.isReading) before = textOf(listOf(read.updates).at(-1))
    return read
  })
}

const ids = (io: Io, value?: Plain): readonly string[] =>
  list(io.varint(256, lengthOf(value)), value, (id) => io.bytes(32, id))

/** What is forwarded and never stored: an ephemeral or a heads message, as its kind says. */
const ephemeralIn = (io: Io, f: Fields, docId: string): string => {
  const bytes = io.rest(f.ephemeral)
  return checked(envelope(bytes.startsWith('05', 8) ? 'heads' : 'ephemeral'), bytes, docId)
}

const cursor = (io: Io, value?: Plain): Plain => {
  if (!flag(io, io.isReading ? undefined : value !== null)) return null
  const f = fieldsOf(value)
  return {
    logId: io.bytes(16, f.logId),
    version: io.varint(MAX_U53, f.version),
    digest: io.bytes(16, f.digest),
  }
}

const UP: readonly Plain[] = ['hello', 'open', 'push', 'ephemeral', 'fetch', 'close', 'ping']
const DOWN: readonly Plain[] = [
  'hello',
  'opened',
  'deliver',
  'ephemeral',
  'found',
  'closed',
  'pong',
  'joined',
  'left',
]

export const toRelay =
  ({ docIdOf, pushedBefore }: Connection): Layout =>
  (io, f) => {
    const type = named(io, 1, UP, f.type)
    if (type === 'hello') {
      const [minVersion, maxVersion] = [io.varint(MAX_U53, f.minVersion), io.varint(MAX_U53, f.maxVersion)]
      return { type, minVersion, maxVersion, token: text(io, 8192, f.token) }
    }
    if (type === 'open') {
      return {
        ...{ type, attempt: io.varint(MAX_U53, f.attempt), create: flag(io, f.create) },
        genesis: checked(genesis, io.bytes(146, f.genesis)),
        certificate: certificateIn(io, f),
        deviceProof: io.bytes(64, f.deviceProof),
        readProof: io.bytes(64, f.readProof),
        cursor: cursor(io, f.cursor),
      }
    }
    if (type === 'ping') return { type, token: io.varint(MAX_U53, f.token) }
    const channel = io.varint(MAX_U53, f.channel)
    if (type === 'push') return { type, channel, items: itemsOf(io, f, docIdOf(channel), true, pushedBefore) }
    if (type === 'ephemeral') return { type, channel, ephemeral: ephemeralIn(io, f, docIdOf(channel)) }
    return type === 'fetch' ? { type, channel, ids: ids(io, f.ids) } : { type, channel }
  }

const LOADS: readonly Plain[] = ['none', 'part', 'last']

const deliver = (io: Io, f: Fields, docId: string): Fields => {
  const written = LOADS.indexOf(f.load ?? null) + (f.caughtUp === true ? 4 : 0)
  const flags = io.uint(1, [0, 6], written)
  const load = LOADS[flags % 4]
  const piece = io.varint(MAX_U53, f.piece)
  must(load !== undefined && (load !== 'none' || piece === 0), 'a load part that does not exist')
  const [after, through] = [io.varint(MAX_U53, f.after), io.varint(MAX_U53, f.through)]
  must(through >= after, 'through below after')
  const digest = io.bytes(16, f.digest)
  return { load, caughtUp: flags >= 4, piece, after, through, digest, items: itemsOf(io, f, docId) }
}

export const toClient =
  ({ docIdOf }: Connection): Layout =>
  (io, f) => {
    const type = DOWN[io.uint(1, [129, 137], 129 + DOWN.indexOf(f.type ?? null)) - 129] ?? ''
    if (type === 'hello') {
      const version = io.varint(MAX_U53, f.version)
      return { type, version, relayKey: io.bytes(32, f.relayKey), nonce: io.bytes(32, f.nonce) }
    }
    if (type === 'pong') return { type, token: io.varint(MAX_U53, f.token) }
    if (type === 'closed') {
      const docId = io.bytes(32, f.docId)
      return { type, docId, code: io.uint(2, [0, 65_535], f.code), reason: text(io, 512, f.reason) }
    }
    if (type === 'opened') {
      return {
        ...{ type, docId: io.bytes(32, f.docId), attempt: io.varint(MAX_U53, f.attempt) },
        ...{ channel: io.varint(MAX_U53, f.channel), connection: io.varint(MAX_U53, f.connection) },
        ...{ logId: io.bytes(16, f.logId), ...openedFlags(io, f) },
      }
    }
    const channel = io.varint(MAX_U53, f.channel)
    if (type === 'deliver') return { type, channel, ...deliver(io, f, docIdOf(channel)) }
    if (type === 'found') {
      return { type, channel, items: itemsOf(io, f, docIdOf(channel)), unknown: ids(io, f.unknown) }
    }
    const connection = io.varint(MAX_U53, f.connection)
    if (type === 'left') return { type, channel, connection }
    if (type === 'joined') return { type, channel, connection, certificate: certificateIn(io, f) }
    return { type, channel, connection, ephemeral: ephemeralIn(io, f, docIdOf(channel)) }
  }

const openedFlags = (io: Io, f: Fields): Fields => {
  const flags = io.uint(1, [0, 3], Number(f.complete === true) + 2 * Number(f.isNew === true))
  return { complete: flags % 2 === 1, isNew: flags >= 2 }
}
