import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PeerId, Repo } from '@automerge/automerge-repo'
import { generateSecret } from 'sealsync'
import { SealsyncNetworkAdapter } from 'sealsync/automerge'
import { afterEach, expect, test } from 'vitest'
import { createStage, type Stage, textOf, type, until } from './stage.ts'

let stage: Stage
afterEach(() => stage.end())

/** What a canary could look like on disk: as it is, in UTF-16, in hex, in base64 at each of three offsets. */
const disguises = (canary: Uint8Array): readonly Buffer[] => {
  const text = Buffer.from(canary).toString('latin1')
  const base64 = [0, 1, 2].flatMap((pad) => {
    const encoded = Buffer.concat([Buffer.alloc(pad), Buffer.from(canary)]).toString('base64')
    const middle = encoded.slice(4, -4)
    return [middle, middle.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [
    Buffer.from(canary),
    Buffer.from(text, 'utf16le'),
    Buffer.from(Buffer.from(canary).toString('hex')),
    ...base64.map((encoded) => Buffer.from(encoded)),
  ]
}

test('I7: text, key, room and user name are nowhere in the database, the WAL and the logs of the relay', async () => {
  stage = createStage()
  const relay = await stage.relay(`sqlite:${join(stage.directory, 'relay.db')}`)
  const secret = generateSecret()
  const room = 'canary-room-of-the-sparrow'
  const canary = 'the canary sings at midnight'
  const options = { secret, snapshot: false, compress: false } as const
  const [one, two] = [stage.provider(relay.url, options, room), stage.provider(relay.url, options, room)]
  one.awareness.setLocalStateField('user', { name: 'Canary McTypist' })
  await until(() => one.synced && two.synced, 'both synced')
  for (const letter of canary) type(one, letter)
  type(two, canary)
  await until(() => textOf(one) === textOf(two) && textOf(one).length === 2 * canary.length, 'same text')
  await until(() => two.awareness.getStates().size === 2, 'presence')
  expect(await one.snapshot()).toBe(true)
  await one.saved()
  await two.saved()
  const canaries = [canary, room, 'Canary McTypist', secret].map((text) => Buffer.from(text))
  expectNowhere(relay, [...canaries, keyOf(secret)], one.docId)
})

test('I7: text, keys, document id and peer ids of Repos are nowhere in the database, the WAL and the logs', async () => {
  stage = createStage()
  const relay = await stage.relay(`sqlite:${join(stage.directory, 'relay.db')}`)
  const secret = generateSecret()
  const canary = 'the canary sings at midnight'
  const open = (peerId: string) => {
    const adapter = new SealsyncNetworkAdapter(relay.url, { secret, peers: true, compress: false })
    return { adapter, repo: new Repo({ network: [adapter], peerId: peerId as PeerId }) }
  }
  const [one, two] = [open('canary-peer-one'), open('canary-peer-two')]
  const handle = one.repo.create<{ note: string; 'canary-field'?: string }>({ note: canary })
  const { documentId } = handle
  await until(() => one.adapter.documentStatus(documentId)?.syncStatus === 'saved', 'saved')
  const found = await two.repo.find<{ note: string; 'canary-field'?: string }>(handle.url)
  const heard: unknown[] = []
  found.on('ephemeral-message', ({ message }) => heard.push(message))
  found.change((doc) => {
    doc['canary-field'] = canary
  })
  await until(() => handle.doc()['canary-field'] === canary, 'the way back')
  handle.broadcast({ whisper: canary })
  await until(() => heard.length > 0, 'the whisper')
  expect(await one.adapter.compact(documentId)).toBe(true)
  const docId = one.adapter.documentStatus(documentId)?.docId
  for (const { adapter } of [one, two]) adapter.disconnect()
  const texts = [canary, 'canary-field', documentId, 'canary-peer-one', 'canary-peer-two', secret]
  expectNowhere(relay, [...texts.map((text) => Buffer.from(text)), keyOf(secret)], docId)
})

/** The key itself, and what the text of the secret encodes. */
const keyOf = (secret: string): Buffer => Buffer.from(secret.slice(4), 'base64url').subarray(0, 32)

const expectNowhere = (
  relay: { output(): string },
  canaries: readonly Buffer[],
  docId: string | undefined,
): void => {
  const files = readdirSync(stage.directory)
  expect(files).toEqual(expect.arrayContaining(['relay.db', 'relay.db-wal']))
  const haystacks = new Map(files.map((name) => [name, readFileSync(join(stage.directory, name))]))
  haystacks.set('log', Buffer.from(relay.output()))
  for (const [name, haystack] of haystacks) {
    if (name !== 'relay.db-shm') expect(haystack.length, name).toBeGreaterThan(0)
    for (const needle of canaries.flatMap(disguises)) {
      expect(haystack.includes(needle), `${needle.toString('latin1')} in ${name}`).toBe(false)
    }
  }
  // The search itself works: what the relay may know is found.
  const known = Buffer.from(docId ?? '', 'hex')
  expect(known).toHaveLength(32)
  expect([...haystacks.values()].some((haystack) => haystack.includes(known))).toBe(true)
}
