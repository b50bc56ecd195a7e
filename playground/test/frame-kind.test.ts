import { encodeToClient, encodeToRelay } from 'sealsync/protocol'
import { expect, test } from 'vitest'
import { frameKindOf } from '../src/frame-kind.ts'

test('the names of the panel are those of the protocol', () => {
  const up = [
    { type: 'hello', minVersion: 1, maxVersion: 1, token: '' },
    { type: 'push', channel: 1, items: [] },
    { type: 'fetch', channel: 1, ids: [] },
    { type: 'close', channel: 1 },
    { type: 'ping', token: 1 },
  ] as const
  const id = new Uint8Array(32)
  const down = [
    { type: 'hello', version: 1, relayKey: id, nonce: id },
    { type: 'found', channel: 1, items: [], unknown: [] },
    { type: 'closed', docId: id, code: 4404, reason: '' },
    { type: 'pong', token: 1 },
    { type: 'left', channel: 1, connection: 1 },
  ] as const
  for (const frame of up) expect(frameKindOf(encodeToRelay(frame)).name).toBe(frame.type)
  for (const frame of down) expect(frameKindOf(encodeToClient(frame)).name).toBe(frame.type)
  expect(frameKindOf(new Uint8Array(0)).name).toBe('unknown')
})
