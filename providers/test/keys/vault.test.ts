import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { toBase64url, toHex } from '../../src/bytes.ts'
import { cryptoReady, derive, type SigningKey, verify } from '../../src/crypto.ts'
import { keyIdOf } from '../../src/keys/keyring.ts'
import { createVault, type KeyVault } from '../../src/keys/vault.ts'
import {
  assembleEphemeral,
  deviceProofParts,
  ephemeralHeader,
  isAdmitted,
  readProofParts,
  type Sealed,
  SIGNATURE_BYTES,
} from '../../src/protocol/index.ts'
import {
  counting,
  createSamples,
  READER_SEED,
  READER_SESSION,
  SESSION,
  sampleKeys,
  sampleVault,
  WRITER_SEED,
} from '../vectors/samples.ts'
import { ciphertextOfTwoKeys } from './two-keys.ts'

await cryptoReady

const inner = counting(1, 30)

const oneOfEach = (vault: KeyVault): readonly Sealed[] => [
  vault.sealUpdate(
    {
      padded: false,
      session: SESSION,
      seq: 0,
      prev: counting(1, 32),
      base: counting(2, 32),
      logHeight: 0,
      deps: [],
    },
    inner,
  ),
  vault.sealSnapshot(
    { padded: false, session: SESSION, logHeight: 0, parents: [], cover: [], chunks: [] },
    inner,
  ),
  vault.sealEphemeral(false, inner),
  vault.sealHeads({ padded: false, session: SESSION, logHeight: 0 }, inner),
  vault.sealChunk({ index: 0, padded: false }, inner),
]

describe('sealing', () => {
  test('makes what every holder of the document keys opens, writer or reader', () => {
    const { writer, reader } = createSamples()
    for (const envelope of [...oneOfEach(writer), ...oneOfEach(reader)]) {
      expect(writer.open(envelope)).toEqual({ ok: true, value: inner })
      expect(reader.open(envelope)).toEqual({ ok: true, value: inner })
    }
  })

  test('signs the id with the device key', () => {
    const { writer, updates, snapshot, ephemeral, heads } = createSamples()
    for (const { id, signature } of [...updates, snapshot, ephemeral, heads]) {
      expect(verify('env-sig', signature ?? new Uint8Array(0), writer.author, id)).toBe(true)
    }
  })

  test('names key, document and device by itself, whatever it is given', () => {
    const vault = sampleVault()
    const forged = {
      docId: counting(9, 32),
      keyId: counting(9, 16),
      author: counting(9, 32),
      nonce: counting(9, 24),
    }
    const update = vault.sealUpdate(
      {
        ...forged,
        padded: false,
        session: SESSION,
        seq: 0,
        prev: counting(1, 32),
        base: counting(2, 32),
        logHeight: 0,
        deps: [],
      },
      inner,
    )
    expect(update.docId).toEqual(vault.docId)
    expect(update.author).toEqual(vault.author)
    expect(update.keyId).toEqual(keyIdOf(sampleKeys().epochKey, vault.docId))
    expect(update.nonce).toEqual(counting(3, 24))
  })

  test('never uses a nonce, a ciphertext or an id twice', () => {
    const vault = createVault({ keys: sampleKeys(), deviceSeed: WRITER_SEED, role: 'writer' })
    const envelopes = Array.from({ length: 300 }, () => vault.sealEphemeral(false, inner))
    for (const field of ['nonce', 'ciphertext', 'commitment', 'id'] as const) {
      expect(new Set(envelopes.map((envelope) => toHex(envelope[field]))).size).toBe(300)
    }
  })

  test('leaves no message key in memory that an envelope drags along', () => {
    const keys = sampleKeys()
    for (const envelope of oneOfEach(sampleVault({ keys }))) {
      const messageKey = toHex(derive('msg-key', keys.epochKey, 32, envelope.header).subarray(0, 8))
      const stream = toHex(derive('msg-key', keys.epochKey, 64, envelope.header).subarray(0, 8))
      for (const part of [envelope.commitment, envelope.ciphertext, envelope.header, envelope.id]) {
        const memory = toHex(new Uint8Array(part.buffer))
        expect(memory).not.toContain(messageKey)
        expect(memory).not.toContain(stream)
      }
    }
  })

  test('takes another way to sign, as simulations do', () => {
    const fake = (seed: Uint8Array): SigningKey => ({
      publicKey: seed.slice(),
      sign: () => new Uint8Array(SIGNATURE_BYTES).fill(7),
      wipe: () => undefined,
    })
    const vault = sampleVault({ signing: fake })
    expect(vault.author).toEqual(WRITER_SEED)
    expect(vault.sealEphemeral(false, inner).signature).toEqual(new Uint8Array(64).fill(7))
    expect(vault.certify(SESSION).signature).toEqual(new Uint8Array(64).fill(7))
  })
})

describe('opening', () => {
  test('tells a key that is missing from damage, which is for good', () => {
    const keys = sampleKeys()
    const { ephemeral } = createSamples()
    const withoutKey = sampleVault({ keys: { ...keys, epochKey: counting(1, 32) } })
    const elsewhere = sampleVault({ keys: sampleKeys('another room') })
    expect(withoutKey.open(ephemeral)).toEqual({ ok: false, error: 'unknown-key' })
    expect(elsewhere.open(ephemeral)).toEqual({ ok: false, error: 'damaged' })
    for (const part of ['commitment', 'ciphertext', 'header', 'nonce'] as const) {
      const changed = ephemeral[part].slice()
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
      expect(sampleVault().open({ ...ephemeral, [part]: changed })).toEqual({ ok: false, error: 'damaged' })
    }
  })

  test('refuses a ciphertext that opens under two keys wherever the commitment is of the other', () => {
    const keys = sampleKeys()
    const otherKey = counting(77, 32)
    const other = sampleVault({ keys: { ...keys, epochKey: otherKey } })
    const fields = {
      docId: keys.docId,
      keyId: keyIdOf(otherKey, keys.docId),
      author: other.author,
      nonce: counting(50, 24),
      padded: false,
    }
    const header = ephemeralHeader(fields, 48)
    const [one, two] = [keys.epochKey, otherKey].map((key) => derive('msg-key', key, 64, header))
    if (one === undefined || two === undefined) throw new Error('two keys')
    const messageKeys = [one.subarray(0, 32), two.subarray(0, 32)] as const
    const ciphertext = ciphertextOfTwoKeys(messageKeys, fields.nonce, header)
    const envelope = (commitment: Uint8Array) =>
      assembleEphemeral(fields, { header, ciphertext, commitment }, new Uint8Array(SIGNATURE_BYTES))

    // It does open: only the commitment stands between one ciphertext and two meanings.
    expect(other.open(envelope(two.slice(32))).ok).toBe(true)
    expect(other.open(envelope(one.slice(32)))).toEqual({ ok: false, error: 'damaged' })
  })
})

describe('certificates and proofs', () => {
  test('of a writer are made by the write key, of a reader by the read key', () => {
    const { keys, certificate, readerCertificate } = createSamples()
    expect([certificate.role, readerCertificate.role]).toEqual(['writer', 'reader'])
    expect(isAdmitted(certificate, keys.docId, keys.genesis, verify)).toBe(true)
    expect(isAdmitted(readerCertificate, keys.docId, keys.genesis, verify)).toBe(true)
    expect(isAdmitted({ ...readerCertificate, role: 'writer' }, keys.docId, keys.genesis, verify)).toBe(false)
    expect(isAdmitted({ ...certificate, role: 'reader' }, keys.docId, keys.genesis, verify)).toBe(false)
    expect(isAdmitted({ ...certificate, role: 'admin' }, keys.docId, keys.genesis, verify)).toBe(false)
  })

  test('are for one document, device, session and log height', () => {
    const { keys, certificate, readerCertificate } = createSamples()
    const other = sampleKeys('another room')
    expect(isAdmitted(certificate, other.docId, other.genesis, verify)).toBe(false)
    expect(isAdmitted({ ...certificate, docId: other.docId }, other.docId, other.genesis, verify)).toBe(false)
    const changes = [{ author: readerCertificate.author }, { session: READER_SESSION }, { logHeight: 1 }]
    for (const change of changes) {
      expect(isAdmitted({ ...certificate, ...change }, keys.docId, keys.genesis, verify)).toBe(false)
    }
  })

  test('are not given to a device key of small order', () => {
    const { keys } = createSamples()
    const fake = (seed: Uint8Array): SigningKey => ({
      publicKey: new Uint8Array(32),
      sign: () => seed,
      wipe: () => undefined,
    })
    const certificate = sampleVault({ signing: fake }).certify(SESSION)
    expect(isAdmitted(certificate, keys.docId, keys.genesis, () => true)).toBe(false)
  })

  test('are for one relay, one connection and one role', () => {
    const { keys, writer, certificate, readerCertificate } = createSamples()
    const [relayKey, nonce] = [counting(1, 32), counting(2, 32)]
    const { deviceProof, readProof } = writer.prove(relayKey, nonce, certificate)
    const isProven = (relay: Uint8Array, challenge: Uint8Array, shown: typeof certificate) => [
      verify('device-proof', deviceProof, writer.author, ...deviceProofParts(relay, challenge, shown)),
      verify('read-proof', readProof, keys.genesis.readKey, ...readProofParts(relay, challenge, shown)),
    ]
    expect(isProven(relayKey, nonce, certificate)).toEqual([true, true])
    expect(isProven(counting(3, 32), nonce, certificate)).toEqual([false, false])
    expect(isProven(relayKey, counting(3, 32), certificate)).toEqual([false, false])
    expect(isProven(relayKey, nonce, readerCertificate)).toEqual([false, false])
  })
})

describe('what only this device stores', () => {
  test('opens in its own context alone', () => {
    const vault = sampleVault()
    const sealed = vault.sealLocal('outbox', inner)
    expect(vault.openLocal('outbox', sealed)).toEqual(inner)
    expect(vault.openLocal('heads', sealed)).toBeUndefined()
    expect(sampleVault({ keys: sampleKeys('another room') }).openLocal('outbox', sealed)).toBeUndefined()
  })

  test('is refused when cut off, extended or changed', () => {
    const vault = sampleVault()
    const sealed = vault.sealLocal('outbox', inner)
    for (let length = 0; length < sealed.length; length++) {
      expect(vault.openLocal('outbox', sealed.subarray(0, length))).toBeUndefined()
    }
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ 4
      expect(vault.openLocal('outbox', changed)).toBeUndefined()
    }
  })
})

describe('a wiped vault', () => {
  test('seals nothing, opens nothing and has overwritten its keys', () => {
    const keys = sampleKeys()
    const vault = sampleVault({ keys })
    const [envelope] = oneOfEach(vault)
    const local = vault.sealLocal('outbox', inner)
    vault.wipe()
    vault.wipe()
    expect(() => oneOfEach(vault)).toThrow(/wiped/)
    expect(() => vault.sealLocal('outbox', inner)).toThrow(/wiped/)
    expect(envelope && vault.open(envelope)).toEqual({ ok: false, error: 'unknown-key' })
    expect(vault.openLocal('outbox', local)).toBeUndefined()
    expect(keys.epochKey).toEqual(new Uint8Array(32))
  })
})

describe('a vault', () => {
  test('shows no secret, printed or serialised', () => {
    const keys = sampleKeys()
    const vault = sampleVault({ keys, deviceSeed: READER_SEED })
    const shown = `${JSON.stringify(vault)}\n${inspect(vault, { showHidden: true, depth: 9 })}`
    const secrets = [keys.writeSeed, keys.readSeed, keys.epochKey, keys.storageKey, READER_SEED]
    for (const secret of secrets) {
      expect(shown).not.toContain(toHex(secret.subarray(0, 6)))
      expect(shown).not.toContain(toBase64url(secret.subarray(0, 6)))
      expect(shown).not.toContain(secret.subarray(0, 6).join(', '))
      expect(shown).not.toContain(JSON.stringify(secret.subarray(0, 6)).slice(1, -1))
    }
  })
})
