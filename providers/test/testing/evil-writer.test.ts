import { beforeAll, expect, test } from 'vitest'
import { cryptoReady, verify } from '../../src/crypto.ts'
import { documentKeys } from '../../src/keys/root.ts'
import { createVault } from '../../src/keys/vault.ts'
import type { Sealed } from '../../src/protocol/index.ts'
import { decodeSnapshotInner, decodeUpdateInner } from '../../src/sync/content.ts'
import { createEvilWriter, createModelRelay, createRandom } from '../../src/testing/index.ts'

beforeAll(() => cryptoReady)

const secret = new Uint8Array(32).fill(9)
const content = (text: string) => ({ encoding: 1, payload: new TextEncoder().encode(text) })

const begin = () => {
  const relay = createModelRelay({ random: createRandom(1) })
  const writer = createEvilWriter({ relay, random: createRandom(2), secret, room: 'room' })
  const keys = documentKeys(secret, 'room')
  const reader = createVault({ keys, deviceSeed: new Uint8Array(32).fill(1), role: 'writer' })
  const opened = (envelope: Sealed): Uint8Array => {
    const inner = reader.open(envelope)
    if (!inner.ok) throw new Error(`it does not open: ${inner.error}`)
    return inner.value
  }
  return { relay, writer, opened }
}

test('its updates are stored, open under the document’s key, and hold what they were given', () => {
  const { relay, writer, opened } = begin()
  writer.push(writer.update(content('one')), writer.update(content('two')))
  const texts = relay.log().map(({ envelope }) => {
    const inner = decodeUpdateInner(opened(envelope), false)
    return inner.ok ? new TextDecoder().decode(inner.value.payload) : inner.error
  })
  expect(texts).toEqual(['one', 'two'])
  expect(relay.log().map(({ from }) => from)).toEqual(['evil writer', 'evil writer'])
})

test('its twins have one position, two contents, and two valid signatures; one of them is stored', () => {
  const { relay, writer } = begin()
  const twins = writer.twins(content('this'), content('that'))
  expect(twins[0].seq).toBe(twins[1].seq)
  expect(twins[0].prev).toEqual(twins[1].prev)
  expect(twins[0].id).not.toEqual(twins[1].id)
  for (const { signature = new Uint8Array(0), author, id } of twins)
    expect(verify('env-sig', signature, author, id)).toBe(true)
  writer.push(...twins)
  expect(relay.log().map(({ envelope }) => envelope.id)).toEqual([twins[0].id])
  writer.push(writer.update(content('next')))
  expect(relay.log()).toHaveLength(2)
})

test('its garbage is validly signed and does not decode', () => {
  const { relay, writer, opened } = begin()
  writer.push(writer.garbage())
  const [entry] = relay.log()
  if (entry === undefined) throw new Error('it was not stored')
  expect(decodeUpdateInner(opened(entry.envelope), false).ok).toBe(false)
})

test('its snapshots claim everything that is stored, whatever they hold, and are taken', () => {
  const { relay, writer, opened } = begin()
  const other = createEvilWriter({ relay, random: createRandom(3), secret, room: 'room', name: 'other' })
  const last = other.update(content('lost'))
  other.push(last)
  writer.push(writer.update(content('also lost')))
  const first = writer.snapshot(content(''))
  writer.push(first)
  writer.push(writer.snapshot(content('again')))
  expect(relay.log().map(({ envelope }) => envelope.type)).toEqual([
    'update',
    'update',
    'snapshot',
    'snapshot',
  ])
  expect(first.cover.map(({ head }) => head)).toContainEqual(last.id)
  const inner = decodeSnapshotInner(opened(first), false)
  expect(inner.ok && inner.value.payload.length).toBe(0)
})

test('once it has left, it says so instead of writing into nowhere', () => {
  const { writer, relay } = begin()
  relay.restart()
  expect(() => writer.push(writer.garbage())).toThrow('has not got the document open')
})
