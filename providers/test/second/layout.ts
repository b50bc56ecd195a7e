/**
 * Section 2 of docs/protocol.md. A layout is written once and run in both directions: an `Io` either writes the value
 * that it is given and returns it, or ignores it and returns what it reads. So no decoder here can be looser than its
 * encoder.
 */
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

export type Plain = string | number | boolean | null | readonly Plain[] | Fields
export interface Fields {
  readonly [name: string]: Plain | undefined
}
export type Layout = (io: Io, fields: Fields) => Fields

export interface Io {
  readonly isReading: boolean
  /** That many bytes, as hex. */
  bytes(length: number, value?: Plain): string
  /** Bytes that can be no others. */
  constant(hex: string): void
  uint(length: number, bounds: Bounds, value?: Plain): number
  varint(max: number, value?: Plain): number
  /** Everything to the end. */
  rest(value?: Plain): string
  hasEnded(): boolean
}
export type Bounds = readonly [min: number, max: number]

export const MAX_U32: number = 2 ** 32 - 1
export const MAX_U53: number = Number.MAX_SAFE_INTEGER
export const NONE: string = '00'.repeat(32)

export class Malformed extends Error {}

export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Malformed(what)
}

export const encode = (layout: Layout, fields: Fields): string => {
  let out = ''
  layout(
    io(false, (length, value) => {
      must(typeof value === 'string' && /^([0-9a-f]{2})*$/.test(value), `not hex: ${value}`)
      must(length === undefined || value.length === 2 * length, `${length} bytes: ${value}`)
      out += value
      return value
    }),
    fields,
  )
  return out
}

/** Throws `Malformed`, also for bytes left over. */
export const decode = (layout: Layout, hex: string): Fields => {
  let at = 0
  const reading = io(true, (length) => {
    const end = length === undefined ? hex.length : at + 2 * length
    must(end <= hex.length, 'bytes are missing')
    const bytes = hex.slice(at, end)
    at = end
    return bytes
  })
  const fields = layout({ ...reading, hasEnded: () => at === hex.length }, {})
  must(at === hex.length, 'bytes are left over')
  return fields
}

const io = (isReading: boolean, move: (length: number | undefined, value?: Plain) => string): Io => {
  const byte = (value?: number): number => Number.parseInt(move(1, value?.toString(16).padStart(2, '0')), 16)
  const inside = (value: number, [min, max]: Bounds): number => {
    must(Number.isSafeInteger(value) && value >= min && value <= max, `${value} is not ${min} … ${max}`)
    return value
  }
  const number = (value?: Plain): number => {
    must(typeof value === 'number', `not a number: ${value}`)
    return value
  }
  return {
    isReading,
    bytes: move,
    rest: (value) => move(undefined, value),
    hasEnded: () => false,
    constant: (hex) => must(move(hex.length / 2, hex) === hex, `not ${hex}`),
    uint: (length, bounds, value) => {
      const hex = isReading ? '' : inside(number(value), bounds).toString(16)
      return inside(Number(`0x${move(length, hex.padStart(2 * length, '0'))}`), bounds)
    },
    varint: (max, value) => {
      let left = isReading ? 0n : BigInt(inside(number(value), [0, max]))
      let result = 0n
      for (let i = 0n; i < 8n; i++) {
        const next = BigInt(byte(Number(left & 127n) + (left > 127n ? 128 : 0)))
        left >>= 7n
        result += (next & 127n) << (7n * i)
        if (next > 127n) continue
        must(next > 0n || i === 0n, 'a varint that is not the shortest')
        return inside(Number(result), [0, max])
      }
      throw new Malformed('a varint that is too long')
    },
  }
}

export const flag = (io: Io, value?: Plain): boolean => io.uint(1, [0, 1], Number(value)) === 1

/** A length in so many bytes, or as varint, and the bytes. */
export const sized = (io: Io, lengthBytes: number | 'varint', bounds: Bounds, value?: Plain): string => {
  const given = typeof value === 'string' ? value.length / 2 : undefined
  const length = lengthBytes === 'varint' ? io.varint(bounds[1], given) : io.uint(lengthBytes, bounds, given)
  must(length >= bounds[0], 'too short')
  return io.bytes(length, value)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const text = (io: Io, max: number, value?: Plain): string => {
  must(typeof value !== 'string' || isWellFormed(value), 'a text with half a character')
  const hex = sized(
    io,
    'varint',
    [0, max],
    typeof value === 'string' ? bytesToHex(utf8ToBytes(value)) : value,
  )
  try {
    return utf8.decode(hexToBytes(hex))
  } catch {
    throw new Malformed('not UTF-8')
  }
}

export const isWellFormed = (value: string): boolean => !/\p{Surrogate}/u.test(value)

/** So many items, each laid out by `item`. */
export const list = <T>(count: number, value: Plain | undefined, item: (value?: Plain) => T): T[] => {
  must(value === undefined || lengthOf(value) === count, 'another count')
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(item(listOf(value)[i]))
  return items
}

export const ascending = <T extends Plain>(items: readonly T[], key: (item: T) => string): readonly T[] => {
  for (const [i, item] of items.entries()) {
    const before = items[i - 1]
    must(before === undefined || key(before) < key(item), 'not ascending')
  }
  return items
}

const isList = (value: Plain | undefined): value is readonly Plain[] => Array.isArray(value)

export const listOf = (value: Plain | undefined): readonly Plain[] => (isList(value) ? value : [])
export const lengthOf = (value: Plain | undefined): number | undefined =>
  isList(value) ? value.length : undefined
export const fieldsOf = (value: Plain | undefined): Fields =>
  typeof value === 'object' && value !== null && !isList(value) ? value : {}
export const textOf = (value: Plain | undefined): string => {
  must(typeof value === 'string', `not a text: ${value}`)
  return value
}
/** One of these names, as its number. */
export const named = (io: Io, length: number, names: readonly Plain[], value: Plain = null): string => {
  const at = io.uint(length, [1, names.length], names.indexOf(value) + 1)
  return textOf(names[at - 1])
}
