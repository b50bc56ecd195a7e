import { join } from 'node:path'
import { createClient, generateSecret, type Progress } from 'sealsync'
import { SealsyncProvider } from 'sealsync/yjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { createStage, type Stage, textOf, until } from './stage.ts'

let stage: Stage
const ends: (() => void)[] = []
beforeEach(() => {
  stage = createStage()
})
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  await stage.end()
})

const MEGABYTES = 20
const SILENT = { snapshot: false, awareness: null } as const

/** Text of which a fifth is all that can be compressed away. */
const noise = (length: number): string => {
  const letters: string[] = []
  for (let at = 0; at < length; at += 65_536) {
    const bytes = crypto.getRandomValues(new Uint8Array(Math.min(65_536, length - at)))
    for (const byte of bytes) letters.push(String.fromCharCode(32 + (byte % 95)))
  }
  return letters.join('')
}

/** Two documents on one connection, and how long edits of the small one took while the big one was on its way. */
const pair = (url: string, secret: string) => {
  const client = createClient({ relay: url })
  const [big, small] = ['big', 'small'].map(
    (room) => new SealsyncProvider(url, room, new Y.Doc(), { secret, client, ...SILENT }),
  )
  if (big === undefined || small === undefined) throw new Error('two documents')
  const progress: Progress[] = []
  const during: number[] = []
  let isUnderWay = false
  let since = Number.POSITIVE_INFINITY
  small.on('synced', () => {
    since = performance.now()
  })
  big.on('progress', (event) => {
    progress.push(event)
    isUnderWay = event.done < event.total
  })
  small.doc.getArray('times').observe((event, { origin }) => {
    if (origin !== small) return
    for (const { insert } of event.changes.delta) {
      for (const time of Array.isArray(insert) ? insert : []) {
        // What was written before it was there is loaded, and no delay.
        if (isUnderWay && time > since) during.push(performance.now() - time)
      }
    }
  })
  ends.push(() => {
    big.destroy()
    small.destroy()
    client.close()
  })
  return { big, small, progress, during }
}

const percentile = (numbers: readonly number[], share: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.ceil(numbers.length * share) - 1] ?? Number.NaN

const expectWhole = (progress: readonly Progress[], direction: Progress['direction']): void => {
  expect(progress.length).toBeGreaterThan(100)
  for (const [i, event] of progress.entries()) {
    expect(event).toMatchObject({ direction, total: progress[0]?.total })
    expect(event.done).toBeGreaterThanOrEqual(progress[i - 1]?.done ?? 0)
  }
  expect(progress.at(-1)?.done).toBe(progress[0]?.total)
}

test(`a document of ${MEGABYTES} MB goes up and down while edits of another pass it on the same connection`, async () => {
  const relay = await stage.relay(`sqlite:${join(stage.directory, 'relay.db')}`)
  const secret = generateSecret()
  const writer = pair(relay.url, secret)
  await until(() => writer.big.synced && writer.small.synced, 'synced')
  for (let i = 0; i < MEGABYTES; i++) {
    writer.big.doc.getText('text').insert(0, noise(1_000_000))
    await writer.big.saved()
  }
  const typist = stage.provider(relay.url, { secret, ...SILENT }, 'small')
  await until(() => typist.synced, 'the typist is there')
  const typing = setInterval(() => typist.doc.getArray('times').push([performance.now()]), 10)
  ends.push(() => clearInterval(typing))

  expect(await writer.big.snapshot()).toBe(true)
  expectWhole(writer.progress, 'up')
  const reader = pair(relay.url, secret)
  await until(() => reader.big.synced && reader.progress.length > 0, 'the reader has it')
  expectWhole(reader.progress, 'down')
  expect(textOf(reader.big)).toBe(textOf(writer.big))

  for (const { during } of [writer, reader]) {
    expect(during.length).toBeGreaterThan(10)
    expect(percentile(during, 0.99)).toBeLessThan(2_000)
  }
  if (process.env.SEALSYNC_FIGURES === '1') {
    for (const [name, { during, progress }] of Object.entries({ writer, reader })) {
      const figures = [0.5, 0.99, 1].map((share) => percentile(during, share).toFixed(1))
      console.info(name, progress[0]?.total, 'bytes,', during.length, 'edits meanwhile, ms', figures)
    }
  }
}, 120_000)
