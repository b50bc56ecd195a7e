import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chainStart, envelope, idOf, isSigned, open, SEALED, seal } from './envelope.ts'
import { type Connection, segment, toClient, toRelay } from './frames.ts'
import {
  atRest,
  certificate,
  docIdOf,
  genesis,
  isAdmitted,
  issue,
  keysOf,
  logDigests,
  proofMessages,
  secretOf,
} from './keys.ts'
import { decode, encode, type Fields, fieldsOf, listOf, type Plain, textOf } from './layout.ts'
import { aeadSeal, hash, hashTo, hexOfText, kdf, prefix, publicKeyOf, sign, verify } from './primitives.ts'
import { record, signRecord } from './record.ts'

const VECTORS = new URL('../../../docs/vectors/', import.meta.url)

interface Vector {
  readonly name: string
  readonly inputs: Fields
  readonly expected: Fields
}

const vectorsOf = (file: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(`${file}.json`, VECTORS), 'utf8')).vectors

const each = (file: string): readonly (readonly [string, Vector])[] =>
  vectorsOf(file).map((vector) => [vector.name, vector])

const texts = (value: Plain | undefined): readonly string[] => listOf(value).map(textOf)
const fromHexText = (hex: Plain | undefined): string => Buffer.from(textOf(hex), 'hex').toString('utf8')

const FILES = [
  ...SEALED,
  'at-rest',
  'certificate',
  'derivations',
  'frames',
  'genesis',
  'labels',
  'record',
  'segment',
]

test('all published vectors are read here', () => {
  const files = readdirSync(VECTORS).filter((name) => name.endsWith('.json'))
  expect(files.sort()).toEqual(FILES.map((name) => `${name}.json`).sort())
})

test('the table of labels in docs/protocol.md and the vectors name the same labels', () => {
  const page = readFileSync(new URL('../protocol.md', VECTORS), 'utf8')
  const table = page.slice(page.indexOf('## 4. Labels'), page.indexOf('## 5.'))
  const labels = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1])
  expect(labels.sort()).toEqual(
    each('labels')
      .map(([name]) => name)
      .sort(),
  )
})

test.each(each('labels'))('the label %s', (label, { inputs, expected }) => {
  const [message, key, seed] = [textOf(inputs.message), textOf(inputs.key), textOf(inputs.seed)]
  expect({
    prefix: prefix(label),
    hash: hash(label, message),
    hash16: hashTo(16, label, message),
    derive32: kdf(label, key, 32, message),
    derive64: kdf(label, key, 64, message),
    publicKey: publicKeyOf(seed),
    signature: sign(label, seed, message),
  }).toEqual(expected)
  expect(verify(label, textOf(expected.signature), textOf(expected.publicKey), message)).toBe(true)
})

describe('derivations', () => {
  const only = (input: string) => each('derivations').filter(([, { inputs }]) => input in inputs)

  test.each(only('room'))('%s', (_, { inputs, expected }) => {
    expect(keysOf(textOf(inputs.secret), fromHexText(inputs.room))).toEqual(expected)
  })

  test.each(only('ids'))('%s', (_, { inputs, expected }) => {
    expect(logDigests(texts(inputs.ids))).toEqual(expected.digests)
  })

  test.each(only('storageKey'))('%s', (_, { inputs, expected }) => {
    const nonce = textOf(inputs.nonce)
    const context = hexOfText(textOf(inputs.context))
    const ciphertext = aeadSeal(textOf(inputs.storageKey), nonce, textOf(inputs.plaintext), context)
    expect(nonce + ciphertext).toBe(expected.bytes)
  })
})

test.each(each('genesis'))('the genesis %s', (_, { inputs, expected }) => {
  expect(encode(genesis, inputs)).toBe(expected.bytes)
  expect(decode(genesis, textOf(expected.bytes))).toEqual(inputs)
  expect(docIdOf(textOf(expected.bytes))).toBe(expected.docId)
})

test.each(each('certificate'))('the certificate and the proofs of a %s', (_, { inputs, expected }) => {
  const [deviceSeed, readSeed] = [textOf(inputs.deviceSeed), textOf(inputs.readSeed)]
  const messages = proofMessages(inputs, inputs)
  expect({
    ...issue(textOf(inputs.issuerSeed), inputs),
    deviceProofMessage: messages.device,
    readProofMessage: messages.read,
    deviceProof: sign('device-proof', deviceSeed, messages.device),
    readProof: sign('read-proof', readSeed, messages.read),
  }).toEqual(expected)
  const fields = decode(certificate, textOf(expected.bytes))
  expect(fields).toEqual({
    ...pick(inputs, 'role docId author session logHeight'),
    signature: expected.signature,
  })
  const rules = vectorsOf('genesis').map((vector) => textOf(vector.expected.bytes))
  expect(rules.map((genesisBytes) => isAdmitted(textOf(expected.bytes), genesisBytes))).toEqual([true, false])
  const readKey = publicKeyOf(readSeed)
  expect(verify('device-proof', textOf(expected.deviceProof), textOf(inputs.author), messages.device)).toBe(
    true,
  )
  expect(verify('read-proof', textOf(expected.readProof), readKey, messages.read)).toBe(true)
})

const pick = (f: Fields, names: string): Fields =>
  Object.fromEntries(names.split(' ').map((name) => [name, f[name]]))

describe.each(SEALED)('%s', (type) => {
  test.each(each(type))('%s', (_, { inputs, expected }) => {
    const { epochKey, deviceSeed, content, ...header } = inputs
    const { chainStart: start, ...sealed } = expected
    expect(seal(inputs)).toEqual(sealed)
    if (start !== undefined) expect(chainStart(inputs)).toBe(start)

    const { length, ...decoded } = decode(envelope(type), textOf(expected.bytes))
    expect(decoded).toEqual({ ...header, ...pick(expected, 'commitment ciphertext signature') })
    expect(length).toBe(textOf(expected.ciphertext).length / 2)
    expect(idOf(decoded)).toBe(expected.id)
    expect(encode(envelope(type), decoded)).toBe(expected.bytes)
    if (type !== 'chunk') expect(isSigned(decoded)).toBe(true)

    const key = pick(inputs, 'docId keyId epochKey')
    expect(open(type, textOf(expected.bytes), key)).toEqual(content)
    expect(() => open(type, textOf(expected.bytes), { ...key, epochKey: deviceSeed })).toThrow('commitment')
    expect(() => open(type, textOf(expected.bytes), { ...key, docId: epochKey })).toThrow('another document')
  })
})

test.each(each('record'))('the record %s', (_, { inputs, expected }) => {
  const { adminSeed, ...fields } = inputs
  expect(signRecord(inputs)).toEqual(expected)
  expect(decode(record, textOf(expected.bytes))).toEqual({ ...fields, signature: expected.signature })
  const [id, signature] = [textOf(expected.id), textOf(expected.signature)]
  expect(verify('record-sig', signature, publicKeyOf(textOf(adminSeed)), id)).toBe(true)
})

test.each(each('at-rest'))('the entry at rest: %s', (_, { inputs, expected }) => {
  const store = atRest(textOf(inputs.secret))
  expect(store.seal(texts(inputs.key), textOf(inputs.data), textOf(inputs.nonce))).toEqual(expected)
  expect(store.open(texts(expected.maskedKey), textOf(expected.bytes))).toEqual(pick(inputs, 'key data'))
})

/** With signatures "last", what a receiver gets of all other updates has none. */
const asRead = (f: Fields): Fields => ({
  ...f,
  updates: texts(f.updates).map((update, i, all) =>
    f.signatures === 'last' && i < all.length - 1 ? update.slice(0, -128) : update,
  ),
})

test.each(each('segment'))('the segment: %s', (_, { inputs, expected }) => {
  const { pushedBefore, ...fields } = inputs
  const docId = docIdOf(textOf(vectorsOf('genesis')[0]?.expected.bytes))
  const layout = segment(docId, pushedBefore === undefined ? undefined : textOf(pushedBefore))
  expect(encode(layout, fields)).toBe(expected.bytes)
  expect(decode(layout, textOf(expected.bytes))).toEqual({ ...asRead(fields), ids: expected.ids })
})

describe('the frame', () => {
  const [five, six] = vectorsOf('genesis').map((vector) => textOf(vector.expected.docId))
  const connection: Connection = { docIdOf: (channel) => (channel === 5 ? five : six) ?? '' }

  test.each(each('frames'))('%s', (name, { inputs, expected }) => {
    const layout = (name.startsWith('to relay') ? toRelay : toClient)(connection)
    expect(encode(layout, inputs)).toBe(expected.bytes)
    const items = listOf(inputs.items).map((entry) => {
      const item = fieldsOf(entry)
      return item.type === 'updates' ? asRead(item) : item
    })
    const read = decode(layout, textOf(expected.bytes))
    expect(read).toMatchObject(inputs.items === undefined ? inputs : { ...inputs, items })
    expect(Object.keys(read).sort()).toEqual(Object.keys(inputs).sort())
  })
})

test('a text of a shared secret with a typing mistake, or of another form, is no secret', () => {
  const [vector] = vectorsOf('derivations')
  const secretText = textOf(vector?.inputs.secretText)
  expect(secretOf(secretText)).toBe(vector?.inputs.secret)
  expect(secretOf(`${secretText}A`)).toBeUndefined()
  expect(secretOf(secretText.replace('A', 'B'))).toBeUndefined()
})
