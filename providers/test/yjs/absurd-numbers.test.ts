/** Numbers that an encoding can say and Yjs cannot live with. */
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Received } from '../../src/sync/effects.ts'
import { UPDATE_V2 } from '../../src/yjs/encoding.ts'
import { createYjsReplica } from '../../src/yjs/replica.ts'

/** One letter behind one of somebody whom nobody has, as update V2. */
const behind = (client: number, clock: number): Uint8Array => {
  const encoder = new Y.UpdateEncoderV2()
  const item = new Y.Item(
    Y.createID(9, 0),
    null,
    Y.createID(client, clock),
    null,
    null,
    null,
    null,
    new Y.ContentString('x'),
  )
  const say = (number: number): void => {
    // One byte each: what V2 leaves to its last part.
    encoder.restEncoder.cbuf[encoder.restEncoder.cpos++] = number
  }
  say(1)
  say(1)
  encoder.writeClient(9)
  say(0)
  item.write(encoder, 0)
  say(0)
  return encoder.toUint8Array()
}

const received = (payload: Uint8Array): Received => ({
  kind: 'update',
  encoding: UPDATE_V2,
  payload,
  claims: [],
  author: new Uint8Array(32),
  session: new Uint8Array(8),
  envelopeId: new Uint8Array(32),
})

test('what would make Yjs write what it cannot read again is unreadable, and the document goes on', () => {
  const doc = new Y.Doc()
  const replica = createYjsReplica(doc, {})
  expect(replica.apply([received(behind(8, 3))], true)).toEqual([])
  const absurd = [behind(63_494_597_480_808_450, 1), behind(8, 2 ** 52), behind(2 ** 53 - 1, 2 ** 51)]
  expect(replica.apply(absurd.map(received), true)).toEqual([0, 1, 2])
  doc.getText('text').insert(0, 'goes on')
  replica.track()
  const whole = new Y.Doc()
  const beyond = replica.missing([]).map((content) => ({ ...received(content.payload), ...content }))
  expect(createYjsReplica(whole, {}).apply(beyond, true)).toEqual([])
  expect(whole.getText('text').toString()).toBe('goes on')
  expect(replica.capture(true)).toBeDefined()
})
