import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.ts'
import { cryptoReady, signingKey } from '../../src/crypto.ts'
import { createKeyring, keyIdOf } from '../../src/keys/keyring.ts'
import { documentKeys, wipeKeys } from '../../src/keys/root.ts'
import { docIdOf, encodeGenesis } from '../../src/protocol/index.ts'
import { counting, sampleKeys } from '../vectors/samples.ts'

await cryptoReady

describe('the keys of a document', () => {
  test('are the same for the same secret and room, and leave the secret as it was', () => {
    const secret = counting(1, 40)
    expect(documentKeys(secret, 'room')).toEqual(documentKeys(counting(1, 40), 'room'))
    expect(secret).toEqual(counting(1, 40))
  })

  test('do not depend on how an accent of the room name was typed', () => {
    expect(sampleKeys('caf\u00e9')).toEqual(sampleKeys('cafe\u0301'))
    expect(sampleKeys('\u1e69')).toEqual(sampleKeys('s\u0307\u0323'))
    expect(sampleKeys('s\u0323\u0307')).toEqual(sampleKeys('s\u0307\u0323'))
    expect(sampleKeys('\u212b').docId).toEqual(sampleKeys('\u00c5').docId)
  })

  test('keep apart rooms that only look alike', () => {
    const rooms = ['', 'a', 'A', ' a', 'a ', 'a\0', '\u0430', 'ﬁ', 'fi', 'café', 'cafe']
    expect(new Set(rooms.map((room) => toHex(sampleKeys(room).docId))).size).toBe(rooms.length)
  })

  test('are all different, whichever of secret and room changes', () => {
    const all = [
      documentKeys(counting(1, 32), 'a'),
      documentKeys(counting(1, 32), 'b'),
      documentKeys(counting(2, 32), 'a'),
      documentKeys(counting(1, 33), 'a'),
    ]
    const values = all.flatMap(({ docId, writeSeed, readSeed, epochKey, storageKey, genesis }) => [
      ...[docId, writeSeed, readSeed, epochKey, storageKey],
      ...[genesis.writeKey, genesis.readKey, genesis.keyCommitment, genesis.tag],
    ])
    expect(new Set(values.map(toHex)).size).toBe(values.length)
  })

  test('make a genesis that nobody administers and that the document id names', () => {
    const { genesis, docId, writeSeed, readSeed } = sampleKeys()
    expect(genesis.adminKey).toEqual(new Uint8Array(32))
    expect(genesis.writeKey).toEqual(signingKey(writeSeed).publicKey)
    expect(genesis.readKey).toEqual(signingKey(readSeed).publicKey)
    expect(docId).toEqual(docIdOf(encodeGenesis(genesis)))
  })

  test('are zeros once wiped', () => {
    const keys = sampleKeys()
    wipeKeys(keys)
    for (const secret of [keys.writeSeed, keys.readSeed, keys.epochKey, keys.storageKey]) {
      expect(secret).toEqual(new Uint8Array(32))
    }
  })
})

describe('a keyring', () => {
  const docId = counting(1, 32)
  const [older, newer] = [counting(40, 32), counting(80, 32)]

  test('seals under the newest epoch and finds each by an id that it computed', () => {
    const keyring = createKeyring(docId, [older, newer])
    expect(keyring.current().key).toBe(newer)
    expect(keyring.find(keyIdOf(older, docId))?.key).toBe(older)
    expect(keyring.find(keyIdOf(newer, docId))?.key).toBe(newer)
  })

  test('finds nothing under an id of another document, key or length', () => {
    const keyring = createKeyring(docId, [older])
    expect(keyring.find(keyIdOf(older, counting(2, 32)))).toBeUndefined()
    expect(keyring.find(keyIdOf(newer, docId))).toBeUndefined()
    expect(keyring.find(keyIdOf(older, docId).subarray(1))).toBeUndefined()
  })

  test('neither seals under a wiped key nor finds it', () => {
    const key = counting(40, 32)
    const keyring = createKeyring(docId, [key])
    const { keyId } = keyring.current()
    key.fill(0)
    expect(() => keyring.current()).toThrow(/wiped: open it again/)
    expect(keyring.find(keyId)).toBeUndefined()
  })
})
