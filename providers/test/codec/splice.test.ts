import { describe, expect, test } from 'vitest'
import { cryptoReady, type SigningKey, signingKey, verify } from '../../src/crypto.ts'
import type { KeyVault } from '../../src/keys/vault.ts'
import {
  concat,
  decodeChunk,
  decodeEphemeral,
  decodeHeads,
  decodeSnapshot,
  decodeUpdate,
  encodeChunk,
  encodeSigned,
  encodeSnapshot,
  encodeUpdate,
  equalBytes,
  KIND,
  type Result,
  type Sealed,
} from '../../src/protocol/index.ts'
import { counting, READER_SEED, sampleKeys, sampleVault, WRITER_SEED } from '../vectors/samples.ts'

await cryptoReady

type Signed = Sealed & { readonly signature?: Uint8Array | undefined }

interface Spliced {
  readonly kind: string
  /** Encoded by a vault; every field that the vault does not fill in depends on `mark`. */
  readonly encode: (vault: KeyVault, mark: number) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Result<Signed>
  /** Offset and length of every field of the header; lengths and counts are equal in all of them. */
  readonly fields: Readonly<Record<string, readonly [number, number]>>
}

const COMMON = { docId: [8, 32], keyId: [40, 16], author: [56, 32], nonce: [88, 24] } as const
const NAMED = { ...COMMON, session: [112, 8] } as const
const INNER = counting(0, 40)

const KINDS: readonly Spliced[] = [
  {
    kind: 'update',
    encode: (vault, mark) =>
      encodeUpdate(
        vault.sealUpdate(
          {
            padded: mark % 2 === 1,
            session: counting(mark, 8),
            seq: mark,
            prev: counting(mark + 1, 32),
            base: counting(mark + 2, 32),
            logHeight: mark,
            deps: [counting(mark + 3, 32)],
          },
          INNER,
        ),
      ),
    decode: decodeUpdate,
    fields: {
      ...NAMED,
      flags: [5, 1],
      seq: [120, 8],
      prev: [128, 32],
      base: [160, 32],
      logHeight: [192, 4],
      deps: [200, 32],
    },
  },
  {
    kind: 'snapshot',
    encode: (vault, mark) =>
      encodeSnapshot(
        vault.sealSnapshot(
          {
            padded: mark % 2 === 1,
            session: counting(mark, 8),
            logHeight: mark,
            parents: [counting(mark + 1, 32)],
            cover: [
              {
                author: counting(mark + 2, 32),
                session: counting(mark + 3, 8),
                seq: mark,
                head: counting(mark + 4, 32),
                ended: mark % 2 === 1,
              },
            ],
            chunks: [counting(mark + 5, 32)],
          },
          INNER,
        ),
      ),
    decode: decodeSnapshot,
    fields: {
      ...NAMED,
      flags: [5, 1],
      logHeight: [120, 4],
      parent: [134, 32],
      coverAuthor: [166, 32],
      coverSession: [198, 8],
      coverSeq: [206, 8],
      coverHead: [214, 32],
      coverEnded: [246, 1],
      chunk: [247, 32],
    },
  },
  {
    kind: 'ephemeral',
    encode: (vault, mark) => encodeSigned(vault.sealEphemeral(mark % 2 === 1, INNER)),
    decode: decodeEphemeral,
    fields: { ...COMMON, flags: [5, 1] },
  },
  {
    kind: 'heads',
    encode: (vault, mark) =>
      encodeSigned(
        vault.sealHeads({ padded: mark % 2 === 1, session: counting(mark, 8), logHeight: mark }, INNER),
      ),
    decode: decodeHeads,
    fields: { ...NAMED, flags: [5, 1], logHeight: [120, 4] },
  },
  {
    kind: 'chunk',
    encode: (vault, mark) => encodeChunk(vault.sealChunk({ index: mark, padded: mark % 2 === 1 }, INNER)),
    decode: decodeChunk,
    fields: { ...COMMON, flags: [5, 1], index: [6, 2] },
  },
]

const keys = sampleKeys()
const base = sampleVault({ keys })
const markedRandom = (mark: number) => (length: number) => counting(mark, length)
const donors: Readonly<Record<string, KeyVault>> = {
  document: sampleVault({ keys: sampleKeys('another room'), random: markedRandom(101) }),
  author: sampleVault({ keys, deviceSeed: READER_SEED, random: markedRandom(102) }),
  session: sampleVault({ keys, random: markedRandom(103) }),
  epoch: sampleVault({ keys: { ...keys, epochKey: counting(1, 32) }, random: markedRandom(104) }),
}
const deviceKeys: readonly SigningKey[] = [WRITER_SEED, READER_SEED].map(signingKey)

const cases = KINDS.flatMap((kind) => Object.keys(donors).map((donor) => ({ ...kind, donor })))

describe.each(cases)('$kind with parts of another $donor', ({ encode, decode, fields, donor }) => {
  const other = donors[donor] ?? base
  const own = encode(base, 2)
  const foreign = encode(other, 7)

  test('is not accepted as it stands, nor signed again by any device, in neither document', () => {
    const survivors: string[] = []
    const spliced: string[] = []
    for (const [name, [at, length]] of Object.entries(fields)) {
      const changed = own.slice()
      changed.set(foreign.subarray(at, at + length), at)
      if (equalBytes(changed, own)) continue
      spliced.push(name)
      const envelope = decode(changed)
      if (!envelope.ok) continue
      const { signature, id } = envelope.value
      if (signature !== undefined) {
        const signers = [envelope.value.author, ...deviceKeys.map((key) => key.publicKey)]
        if (signers.some((signer) => verify('env-sig', signature, signer, id)))
          survivors.push(`${name}: signed`)
      }
      // What opens is not a matter of signatures: a new one by a device without the epoch key cures nothing.
      for (const vault of [base, other]) if (vault.open(envelope.value).ok) survivors.push(`${name}: opens`)
    }
    expect(survivors).toEqual([])
    expect(spliced.length).toBeGreaterThanOrEqual(Object.keys(fields).length - 3)
  })

  test('is not accepted with the commitment, ciphertext or signature of the other', () => {
    const [mine, theirs] = [decode(own), decode(foreign)]
    if (!mine.ok || !theirs.ok) throw new Error('the samples decode')
    for (const part of ['commitment', 'ciphertext', 'signature'] as const) {
      const parts = { ...mine.value, [part]: theirs.value[part] }
      const { header, commitment, ciphertext, signature = new Uint8Array(0) } = parts
      const envelope = decode(concat(header, commitment, ciphertext, signature))
      if (signature.length === 0 && part === 'signature') continue
      if (!envelope.ok) throw new Error('only values were exchanged')
      const { author, id } = envelope.value
      if (part === 'signature') expect(verify('env-sig', signature, author, id)).toBe(false)
      else expect([base, other].map((vault) => vault.open(envelope.value).ok)).toEqual([false, false])
    }
  })
})

describe('an envelope relabelled as another kind', () => {
  test('does not open, even where both kinds have the same header', () => {
    const chunk = encodeChunk(base.sealChunk({ index: 0, padded: false }, INNER))
    const relabelled = concat(chunk, new Uint8Array(64))
    relabelled[4] = KIND.ephemeral
    const ephemeral = decodeEphemeral(relabelled)
    expect(ephemeral.ok && base.open(ephemeral.value)).toEqual({ ok: false, error: 'damaged' })
  })

  test('is rejected by every decoder but its own', () => {
    for (const { kind, encode } of KINDS) {
      const bytes = encode(base, 2)
      for (const other of KINDS) expect(other.decode(bytes).ok).toBe(other.kind === kind)
    }
  })
})
