/** Section 9 of docs/protocol.md: what stands inside the seal. */
import {
  type Fields,
  fieldsOf,
  type Io,
  type Layout,
  lengthOf,
  list,
  MAX_U32,
  MAX_U53,
  must,
  type Plain,
  sized,
  textOf,
} from './layout.ts'

const MAX_INFLATED = 67_108_864

const encodingOf = (io: Io, f: Fields): Fields => {
  const isDeflated = f.inflatedLength !== null
  const first = io.uint(1, [0, 255], Number(f.encoding) + (isDeflated ? 128 : 0))
  const inflatedLength = first < 128 ? null : io.uint(4, [0, MAX_INFLATED], f.inflatedLength)
  return { encoding: first % 128, inflatedLength }
}

const payloadOf = (io: Io, f: Fields, inflatedLength?: Plain): string => {
  const payload = sized(io, 4, [0, MAX_U32], f.payload)
  must(Number(inflatedLength ?? 0) <= (1100 * payload.length) / 2, 'it inflates too much')
  return payload
}

const chainOf = (io: Io, f: Fields): Fields => ({
  author: io.bytes(32, f.author),
  session: io.bytes(8, f.session),
})

const update: Layout = (io, f) => {
  const content = encodingOf(io, f)
  const count = io.uint(1, [0, 255], lengthOf(f.claims))
  const claims = list(count, f.claims, (claim) => sized(io, 1, [0, 255], claim))
  return { ...content, claims, payload: payloadOf(io, f, content.inflatedLength) }
}

const front: Layout = (io, f) => {
  const content = encodingOf(io, f)
  const count = io.uint(4, [0, MAX_U32], lengthOf(f.claims))
  const claims = list(count, f.claims, (entry) => {
    const { claim, ...chain } = fieldsOf(entry)
    return { ...chainOf(io, chain), claim: sized(io, 1, [0, 255], claim) }
  })
  const digest = sized(io, 1, [0, 32], f.digest)
  must(digest === '' || digest.length === 64, 'a digest of another length')
  return { ...content, claims, digest }
}

const snapshot: Layout = (io, f) => {
  const said = front(io, f)
  return { ...said, payload: payloadOf(io, f, said.inflatedLength) }
}

/** The payload stands in the chunks; how long it is, here. */
const chunkedSnapshot: Layout = (io, f) => {
  const said = front(io, f)
  const payloadLength = io.uint(4, [0, MAX_INFLATED], f.payloadLength)
  must(Number(said.inflatedLength ?? 0) <= 1100 * payloadLength, 'it inflates too much')
  return { ...said, payloadLength }
}

const ephemeral: Layout = (io, f) => {
  const session = io.bytes(8, f.session)
  const counter = io.uint(8, [0, MAX_U53], f.counter)
  const hello = io.bytes(8, f.hello)
  const bits = io.uint(1, [0, 255], Number(lengthOf(f.echoes)) + (f.broadcast === true ? 128 : 0))
  must(bits % 128 <= 64, 'too many echoes')
  const echoes = list(bits % 128, f.echoes, (echo) => io.bytes(8, echo))
  return { session, counter, hello, echoes, broadcast: bits >= 128, payload: payloadOf(io, f) }
}

const heads: Layout = (io, f) => {
  const logId = io.bytes(16, f.logId)
  const snapshot = io.bytes(32, f.snapshot)
  const timeMs = io.uint(8, [0, MAX_U53], f.timeMs)
  const count = io.uint(4, [0, MAX_U32], lengthOf(f.heads))
  const entries = list(count, f.heads, (head) => {
    const { seq, id, ...chain } = fieldsOf(head)
    return { ...chainOf(io, chain), seq: io.uint(8, [0, MAX_U53], seq), id: io.bytes(32, id) }
  })
  return { logId, snapshot, timeMs, heads: entries }
}

/** A chunk holds a piece of the state as it is (8.5). */
const chunk: Layout = (io, f) => ({ state: io.rest(f.state) })

const INNER: { readonly [type: string]: Layout } = {
  ...{ update, snapshot, ephemeral, heads, chunk },
  'snapshot in chunks': chunkedSnapshot,
}

/** What stands inside an envelope of these fields. */
export const innerTypeOf = ({ type, chunks }: Fields): string =>
  type === 'snapshot' && Number(lengthOf(chunks)) > 0 ? 'snapshot in chunks' : textOf(type)

/** Padmé: lengths keep as many leading bits as the number of bits of their exponent. */
export const paddedLength = (length: number): number => {
  if (length < 2) return length
  const exponent = Math.floor(Math.log2(length))
  const step = 2 ** Math.max(0, exponent - Math.floor(Math.log2(exponent || 1)) - 1)
  return Math.ceil(length / step) * step
}

export const innerOf =
  (type: string, isPadded: boolean): Layout =>
  (io, f) => {
    const layout = INNER[type]
    must(layout !== undefined, `no inner layout: ${type}`)
    const content = layout(io, f)
    if (isPadded && io.isReading) must(/^(00)*$/.test(io.rest()), 'the filling is not zero')
    return content
  }
