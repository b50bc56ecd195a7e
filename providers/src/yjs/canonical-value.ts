/** One form for the values that Yjs carries, whichever of its encodings brought them. */
import { utf8, type Writer } from '../bytes.ts'

const NOTHING = 0
const FALSE = 1
const TRUE = 2
const NUMBER = 3
const TEXT = 4
const LIST = 5
const OBJECT = 6
const BYTES = 7
const BIG = 8

/** What encodings lose on some ways (`undefined`, NaN, the sign of zero, functions) makes no difference. */
export const writeValue = (writer: Writer, value: unknown): void => {
  if (typeof value === 'boolean') writer.u8(value ? TRUE : FALSE)
  else if (typeof value === 'number' && Number.isFinite(value)) {
    writer.u8(NUMBER).blob(utf8(String(value)))
  } else if (typeof value === 'string') writer.u8(TEXT).blob(utf8(value))
  else if (typeof value === 'bigint') writer.u8(BIG).blob(utf8(String(BigInt.asIntN(64, value))))
  else if (typeof value !== 'object' || value === null) writer.u8(NOTHING)
  else if (value instanceof Uint8Array) writer.u8(BYTES).blob(value)
  else if (Array.isArray(value)) {
    writer.u8(LIST).varint(value.length)
    for (const one of value) writeValue(writer, one)
  } else {
    const fields = Object.entries(value).filter(([, field]) => isKept(field))
    writer.u8(OBJECT).varint(fields.length)
    for (const [name, field] of fields.sort(([a], [b]) => (a < b ? -1 : 1))) {
      writer.blob(utf8(name))
      writeValue(writer, field)
    }
  }
}

/** The same for what one of the encodings writes as JSON, and the other does not. */
export const writeJson = (writer: Writer, value: unknown): void =>
  writeValue(writer, typeof value === 'object' && value !== null ? asJson(value) : value)

const isKept = (field: unknown): boolean => !['undefined', 'function', 'symbol'].includes(typeof field)

const asJson = (value: object): unknown => {
  try {
    return JSON.parse(JSON.stringify(value))
  } catch {
    // A number that JSON does not know; it came in an encoding that does.
    return value
  }
}
