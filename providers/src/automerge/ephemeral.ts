/**
 * A broadcast of a DocHandle as it travels inside the seal: sender and run lengths 2 each, count 8 (big-endian), then
 * the texts in UTF-8, then what automerge-repo encoded (CBOR).
 */
import { createReader, createWriter, utf8 } from '../bytes.ts'
import { err, ok, type Result } from '../result.ts'

export interface Ephemeral {
  /** Peer id of the Repo that broadcast it. */
  readonly senderId: string
  /** One run of that Repo. */
  readonly sessionId: string
  /** Rises with every broadcast of that run. */
  readonly count: number
  readonly data: Uint8Array
}

export const encodeEphemeral = ({ senderId, sessionId, count, data }: Ephemeral): Uint8Array => {
  const [sender, session] = [utf8(senderId), utf8(sessionId)]
  return createWriter(12 + sender.length + session.length + data.length)
    .u16(sender.length)
    .u16(session.length)
    .u53(count)
    .bytes(sender)
    .bytes(session)
    .bytes(data)
    .done()
}

export const decodeEphemeral = (bytes: Uint8Array): Result<Ephemeral> => {
  const reader = createReader(bytes)
  const lengths = [reader.u16(), reader.u16()] as const
  const count = reader.u53()
  const [sender, session] = [reader.bytes(lengths[0]), reader.bytes(lengths[1])]
  const data = reader.bytes(reader.remaining()).slice()
  if (!reader.sound()) return err('broadcast: malformed')
  const text = new TextDecoder()
  return ok({ senderId: text.decode(sender), sessionId: text.decode(session), count, data })
}
