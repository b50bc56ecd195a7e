import { generateSecret } from 'sealsync'
import { createEvilRelay, createRandom, scripts } from 'sealsync/testing'
import { SealsyncProvider } from 'sealsync/yjs'
import { expect, test, vi } from 'vitest'
import * as Y from 'yjs'

test('the app learns that the relay hides from Bob what Alice writes', { timeout: 60_000 }, async () => {
  const relay = createEvilRelay({ random: createRandom(1) })
  const secret = generateSecret()
  const open = (name: string): SealsyncProvider =>
    new SealsyncProvider('ws://relay.test', 'notes', new Y.Doc(), {
      secret,
      WebSocketPolyfill: relay.socketOf(name),
    })
  const [alice, bob] = [open('alice'), open('bob')]
  const alarms: string[] = []
  bob.on('alarm', ({ kind }) => alarms.push(kind))
  const read = (): string => `${bob.doc.getText('text')}`
  alice.doc.getText('text').insert(0, 'Hello Bob')
  await vi.waitFor(() => expect(read()).toBe('Hello Bob'), { timeout: 10_000 })

  relay.lie(scripts.dropTail({ reader: 'bob' }))
  alice.doc.getText('text').insert(9, ', this is secret')
  await vi.waitFor(() => expect(alarms).toEqual(['withheld']), { timeout: 40_000 })

  relay.lie()
  await vi.waitFor(() => expect(read()).toBe('Hello Bob, this is secret'), { timeout: 10_000 })
  for (const provider of [alice, bob]) provider.destroy()
})
