import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/bytes.ts'
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
import { blake2b, isSigned, publicKeyOf, xchachaSeal } from './independent.ts'
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

const prefixed = (label: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  concat(utf8(`sealsync/v1 ${label}\0`), ...parts)

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

describe('a second implementation, without libsodium, agrees', () => {
  test.each(each('labels.json'))('on the label %s', (label, { inputs, expected }) => {
    const message = prefixed(label, bytesOf(inputs.message))
    const key = bytesOf(inputs.key)
    expect(expected.hash).toBe(toHex(blake2b(message, 32)))
    expect(expected.hash16).toBe(toHex(blake2b(message, 16)))
    expect(expected.derive32).toBe(toHex(blake2b(message, 32, key)))
    expect(expected.derive64).toBe(toHex(blake2b(message, 64, key)))
    expect(expected.publicKey).toBe(toHex(publicKeyOf(bytesOf(inputs.seed))))
    expect(isSigned(message, bytesOf(expected.signature), bytesOf(expected.publicKey))).toBe(true)
  })

  test.each(each('derivations.json').filter(([, { expected }]) => 'root' in expected))(
    'on all keys: %s',
    (_, { inputs, expected }) => {
      const rootKey = blake2b(prefixed('root-key', bytesOf(inputs.secret)), 32)
      const root = blake2b(prefixed('root', bytesOf(expected.normalizedRoom)), 32, rootKey)
      const from = (
        label: string,
        length: number,
        key: Uint8Array = root,
        part: Uint8Array = new Uint8Array(0),
      ) => blake2b(prefixed(label, part), length, key)
      const [writeSeed, readSeed, epochKey] = [
        from('write-seed', 32),
        from('read-seed', 32),
        from('epoch-key', 32),
      ]
      const keyCommitment = from('key-commit', 32, epochKey)
      const tag = from('room-tag', 16)
      const genesis = concat(
        ...[Uint8Array.of(1, 1), new Uint8Array(32), publicKeyOf(writeSeed), publicKeyOf(readSeed)],
        ...[keyCommitment, tag],
      )
      const docId = blake2b(prefixed('doc-id', genesis), 32)
      const keyId = from('key-id', 16, epochKey, concat(docId, Uint8Array.of(1)))
      const storageKey = from('storage-key', 32)
      const all = {
        rootKey,
        root,
        writeSeed,
        readSeed,
        epochKey,
        storageKey,
        keyCommitment,
        tag,
        docId,
        keyId,
      }
      for (const [name, value] of Object.entries(all)) expect(expected[name]).toBe(toHex(value))
    },
  )

  test.each(each('at-rest.json'))('on the entry at rest: %s', (_, { inputs, expected }) => {
    const root = blake2b(prefixed('at-rest', bytesOf(inputs.secret)), 32)
    const sealingKey = blake2b(prefixed('at-rest-key'), 32, root)
    let masks = concat()
    let inner = concat()
    for (const [depth, component] of textsOf(inputs.key).entries()) {
      const message = prefixed('at-rest-mask', Uint8Array.of(0, 0, 0, depth), masks, utf8(component))
      masks = concat(masks, blake2b(message, 16, root))
      inner = concat(inner, Uint8Array.of(utf8(component).length), utf8(component))
    }
    inner = concat(Uint8Array.of(textsOf(inputs.key).length), inner, bytesOf(inputs.data))
    const version = Uint8Array.of(1)
    const nonce = bytesOf(inputs.nonce)
    const ciphertext = xchachaSeal(inner, concat(version, masks), nonce, sealingKey)
    expect(textsOf(expected.maskedKey).join('')).toBe(toHex(masks))
    expect(expected).toMatchObject({
      root: toHex(root),
      sealingKey: toHex(sealingKey),
      inner: toHex(inner),
      bytes: toHex(concat(version, nonce, ciphertext)),
    })
  })

  test.each(each('certificate.json'))('on the certificate and proofs of a %s', (_, { inputs, expected }) => {
    const [issuer, device, reader] = [inputs.issuerSeed, inputs.deviceSeed, inputs.readSeed].map((seed) =>
      publicKeyOf(bytesOf(seed)),
    )
    const isValid = (label: string, message: Plain | undefined, signature: Plain | undefined, key = issuer) =>
      key !== undefined && isSigned(prefixed(label, bytesOf(message)), bytesOf(signature), key)
    expect(isValid('certificate', expected.body, expected.signature)).toBe(true)
    expect(isValid('device-proof', expected.deviceProofMessage, expected.deviceProof, device)).toBe(true)
    expect(isValid('read-proof', expected.readProofMessage, expected.readProof, reader)).toBe(true)
  })

  const sealedKinds = ['update', 'snapshot', 'ephemeral', 'heads', 'chunk'].flatMap((kind) =>
    published(`${kind}.json`).vectors.map((vector) => ({ kind, ...vector })),
  )
  test.each(sealedKinds)('on the $kind $name', ({ inputs, expected }) => {
    const header = bytesOf(expected.header)
    const stream = blake2b(prefixed('msg-key', header), 64, bytesOf(inputs.epochKey))
    const messageKey = stream.slice(0, 32)
    const commitment = stream.slice(32)
    const ciphertext = xchachaSeal(bytesOf(expected.inner), header, bytesOf(inputs.nonce), messageKey)
    const id = blake2b(
      prefixed('env-id', header, commitment, blake2b(prefixed('ciphertext', ciphertext), 32)),
      32,
    )
    expect(expected).toMatchObject({
      messageKey: toHex(messageKey),
      commitment: toHex(commitment),
      ciphertext: toHex(ciphertext),
      id: toHex(id),
    })
    const signature = expected.signature === null ? new Uint8Array(0) : bytesOf(expected.signature)
    expect(expected.bytes).toBe(toHex(concat(header, commitment, ciphertext, signature)))
    if (signature.length > 0) {
      expect(isSigned(prefixed('env-sig', id), signature, bytesOf(inputs.author))).toBe(true)
    }
  })

  test.each(each('record.json'))('on the record %s', (_, { inputs, expected }) => {
    const id = blake2b(prefixed('record-id', bytesOf(expected.unsigned)), 32)
    expect(expected.id).toBe(toHex(id))
    expect(isSigned(prefixed('record-sig', id), bytesOf(expected.signature), bytesOf(inputs.author))).toBe(
      true,
    )
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
