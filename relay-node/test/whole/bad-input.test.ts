import { createServer, type Server } from 'node:net'
import { generateSecret } from 'sealsync'
import { startRelay } from 'sealsync-relay'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStage, type Stage, textOf, type, until } from './stage.ts'

let stage: Stage
beforeEach(() => {
  stage = createStage()
})
afterEach(() => stage.end())

test('a mistyped secret is caught by its checksum, before anything is sent, and is not repeated', () => {
  const secret = generateSecret()
  const typo = `${secret.slice(0, 10)}${secret[10] === 'A' ? 'B' : 'A'}${secret.slice(11)}`
  const open = () => stage.provider('ws://127.0.0.1:9', { secret: typo })
  expect(open).toThrow(/checksum/)
  expect(open).not.toThrow(new RegExp(typo.slice(4)))
})

test('a passphrase is refused with what to do instead', () => {
  expect(() => stage.provider('ws://127.0.0.1:9', { secret: 'correct horse' })).toThrow(/generateSecret\(\)/)
})

test('an unknown option is named, and the known ones are listed', () => {
  const options = { secret: generateSecret(), autoConnect: true }
  expect(() => stage.provider('ws://127.0.0.1:9', options)).toThrow(/autoConnect[\s\S]*connect/)
})

test('a wrong room with create: false is not found; what was typed is kept', async () => {
  const relay = await stage.relay('memory:')
  const secret = generateSecret()
  const right = stage.provider(relay.url, { secret }, 'right')
  await until(() => right.synced, 'synced')
  type(right, 'here')
  await right.saved()
  const wrong = stage.provider(relay.url, { secret, create: false }, 'wrong')
  await until(() => wrong.syncStatus === 'not-found', 'not found')
  type(wrong, 'typed all the same')
  expect(wrong.unsyncedChanges).toBeGreaterThan(0)
  expect(textOf(wrong)).toBe('typed all the same')
  expect(right.syncStatus).toBe('saved')
})

test('a wrong secret with create: true is another, new document, and says so', async () => {
  const relay = await stage.relay('memory:')
  const right = stage.provider(relay.url, { secret: generateSecret() })
  await until(() => right.synced, 'synced')
  type(right, 'mine')
  await right.saved()
  let isNew = false
  const other = stage.provider(relay.url, { secret: generateSecret(), connect: false })
  other.on('new', () => {
    isNew = true
  })
  other.connect()
  await until(() => other.synced, 'synced')
  expect(isNew).toBe(true)
  expect(other.isNew).toBe(true)
  expect(textOf(other)).toBe('')
})

test('one edit that no relay takes blocks with its reason, keeps the edit, and goes on receiving', async () => {
  const relay = await stage.relay('memory:')
  const secret = generateSecret()
  const [one, two] = [
    stage.provider(relay.url, { secret, compress: false }),
    stage.provider(relay.url, { secret }),
  ]
  await until(() => one.synced && two.synced, 'synced')
  one.doc.getMap('images').set('huge', new Uint8Array(5 * 1024 * 1024))
  await until(() => one.syncStatus === 'blocked', 'blocked')
  type(two, 'still here')
  await until(() => textOf(one) === 'still here', 'received')
  expect(one.unsyncedChanges).toBeGreaterThan(0)
})

test('a port in use is named, with what to do', async () => {
  const taken: Server = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(startRelay({ port, host: '127.0.0.1', store: 'memory:' })).rejects.toThrow(
    new RegExp(`${port}`),
  )
  await new Promise((resolve) => taken.close(resolve))
})
