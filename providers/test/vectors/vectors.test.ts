import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/bytes.ts'
import { cryptoReady } from '../../src/crypto.ts'
import { createAtRest } from '../../src/keys/at-rest.ts'
import {
  createReader,
  decodeCertificate,
  decodeChunk,
  decodeEphemeral,
  decodeGenesis,
  decodeHeads,
  decodeRecord,
  decodeSnapshot,
  decodeToClient,
  decodeToRelay,
  decodeUpdate,
  docIdOf,
  encodeGenesis,
  encodeUpdate,
  readSegment,
  tailOf,
} from '../../src/protocol/index.ts'
import type { Plain, Vector, VectorFile } from './kinds.ts'
import { fileText, makeVectors, VECTORS } from './make.ts'
import { adminGenesis, sampleKeys } from './samples.ts'

await cryptoReady

const made = makeVectors()

const bytesOf = (value: Plain | undefined): Uint8Array => {
  const bytes = typeof value === 'string' ? fromHex(value) : undefined
  if (bytes === undefined) throw new Error(`not bytes: ${value}`)
  return bytes
}

const textsOf = (value: Plain | undefined): readonly string[] => {
  if (Array.isArray(value)) return value.map(String)
  throw new Error(`not a list: ${value}`)
}

const published = (name: string): VectorFile => JSON.parse(readFileSync(VECTORS + name, 'utf8'))

const each = (name: string): readonly (readonly [string, Vector])[] =>
  published(name).vectors.map((vector) => [vector.name, vector])

test('docs/vectors holds these files and no others', () => {
  expect(
    readdirSync(VECTORS)
      .filter((name) => name.endsWith('.json'))
      .sort(),
  ).toEqual(Object.keys(made).sort())
})

describe.each(Object.entries(made))('%s', (name, file) => {
  test('has the bytes that this version makes', () => {
    expect(published(name)).toEqual(file)
    expect(readFileSync(VECTORS + name, 'utf8')).toBe(fileText(file))
  })

  test('names each of its vectors once', () => {
    const names = file.vectors.map((vector) => vector.name)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('the published bytes decode', () => {
  const decoders = {
    'genesis.json': decodeGenesis,
    'certificate.json': decodeCertificate,
    'update.json': decodeUpdate,
    'snapshot.json': decodeSnapshot,
    'ephemeral.json': decodeEphemeral,
    'heads.json': decodeHeads,
    'record.json': decodeRecord,
    'chunk.json': decodeChunk,
  }
  test.each(Object.entries(decoders))('of %s', (name, decode) => {
    for (const { expected } of published(name).vectors) {
      const decoded = decode(bytesOf(expected.bytes))
      expect(decoded.ok).toBe(true)
      if ('id' in expected) expect(decoded.ok && decoded.value).toMatchObject({ id: bytesOf(expected.id) })
    }
  })

  test.each(each('at-rest.json'))('of the entry at rest: %s', (_, { inputs, expected }) => {
    const { key, data } = inputs
    const atRest = createAtRest(bytesOf(inputs.secret))
    expect(atRest.open(textsOf(expected.maskedKey), bytesOf(expected.bytes))).toEqual({
      key,
      data: bytesOf(data),
    })
  })

  test.each(each('segment.json'))('of the segment: %s', (_, { inputs, expected }) => {
    const reader = createReader(bytesOf(expected.bytes))
    const before = inputs.pushedBefore === undefined ? undefined : decodeUpdate(bytesOf(inputs.pushedBefore))
    const updates = readSegment(reader, sampleKeys().docId, before?.ok ? tailOf(before.value) : undefined)
    expect(reader.finished()).toBe(true)
    expect(updates.map((update) => toHex(update.id))).toEqual(expected.ids)
    if (inputs.signatures === 'every') {
      expect(updates.map((update) => toHex(encodeUpdate(update)))).toEqual(inputs.updates)
    }
  })

  test.each(each('frames.json'))('of the frame %s', (name, { inputs, expected }) => {
    const docIdOfChannel = (channel: number) =>
      channel === 5 ? sampleKeys().docId : docIdOf(encodeGenesis(adminGenesis()))
    const decode = name.startsWith('to relay') ? decodeToRelay : decodeToClient
    const decoded = decode(bytesOf(expected.bytes), docIdOfChannel)
    expect(decoded.ok && decoded.value.type).toBe(inputs.type)
  })
})

test('frames.json holds every type of frame, up and down', () => {
  const names = each('frames.json').map(([name, { inputs }]) => `${name.split(':')[0]} ${inputs.type}`)
  const up = ['hello', 'open', 'push', 'ephemeral', 'fetch', 'close', 'ping']
  const down = ['hello', 'opened', 'deliver', 'ephemeral', 'found', 'closed', 'pong', 'joined', 'left']
  for (const type of up) expect(names).toContain(`to relay ${type}`)
  for (const type of down) expect(names).toContain(`to client ${type}`)
})
