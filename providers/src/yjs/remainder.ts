/** What is left of a payload when some of its structs may not get in. */
import * as Y from 'yjs'
import type { Decoded } from './encoding.ts'

/**
 * The payload as update V1, without the structs of each client in `cuts` from that clock on. Nor is told that they are
 * deleted: Yjs would wait for them forever. `held` gives the clocks of a client that the document has, whose deletion
 * still counts.
 */
export const encodeWithout = (
  { structs, ds }: Decoded,
  cuts: ReadonlyMap<number, number>,
  held: (client: number) => number,
): Uint8Array => {
  const left = new Map<number, Decoded['structs']>()
  for (const struct of structs) {
    const { client, clock } = struct.id
    if (clock >= (cuts.get(client) ?? Number.POSITIVE_INFINITY)) continue
    const row = left.get(client)
    if (row === undefined) left.set(client, [struct])
    else row.push(struct)
  }
  const deletions = new Map<number, { readonly clock: number; readonly len: number }[]>()
  for (const [client, items] of ds.clients) {
    const from = cuts.get(client)
    const end = from === undefined ? Number.POSITIVE_INFINITY : Math.max(from, held(client))
    const row = items.flatMap(({ clock, len }) =>
      clock < end ? [{ clock, len: Math.min(len, end - clock) }] : [],
    )
    if (row.length > 0) deletions.set(client, row)
  }
  const encoder = new Y.UpdateEncoderV1()
  // In V1 every length is a plain varint, the one number that the encoder lets us write.
  encoder.writeLen(left.size)
  for (const [client, row] of left) {
    encoder.writeLen(row.length)
    encoder.writeClient(client)
    encoder.writeLen(row[0]?.id.clock ?? 0)
    for (const struct of row) struct.write(encoder, 0)
  }
  encoder.writeLen(deletions.size)
  for (const [client, row] of deletions) {
    encoder.writeClient(client)
    encoder.writeLen(row.length)
    for (const { clock, len } of row) {
      encoder.writeDsClock(clock)
      encoder.writeDsLen(len)
    }
  }
  return encoder.toUint8Array()
}
