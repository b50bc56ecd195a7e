/** Everything that a receiver checks of encoded bytes before it believes them, kind by kind. */
import { verify } from '../../src/crypto.ts'
import {
  decodeCertificate,
  decodeChunk,
  decodeEphemeral,
  decodeGenesis,
  decodeHeads,
  decodeRecord,
  decodeSnapshot,
  decodeUpdate,
  docIdOf,
  encodeCertificate,
  encodeChunk,
  encodeGenesis,
  encodeRecord,
  encodeSigned,
  encodeSnapshot,
  encodeUpdate,
  equalBytes,
  isAdmitted,
  type Result,
  type Sealed,
} from '../../src/protocol/index.ts'
import {
  decodeChunkedInner,
  decodeEphemeralInner,
  decodeHeadsInner,
  decodeSnapshotInner,
  decodeUpdateInner,
} from '../../src/sync/content.ts'
import { adminGenesis, createSamples, sampleRecords } from '../vectors/samples.ts'

export interface Checked {
  readonly kind: string
  readonly bytes: Uint8Array
  /** Whether a receiver would take these bytes, all checks together. */
  accepts(bytes: Uint8Array): boolean
  /** The same without the signature: what a holder of the device key, but not of the epoch key, is up against. */
  opens?(bytes: Uint8Array): boolean
}

type Signed = Sealed & { readonly signature: Uint8Array | undefined }

export const checkedSamples = (): readonly Checked[] => {
  const {
    keys,
    writer,
    reader,
    certificate,
    updates,
    snapshot,
    wholeSnapshot,
    chunks,
    ephemeral,
    broadcast,
    heads,
  } = createSamples()

  const sealed = <T extends Signed>(
    kind: string,
    bytes: Uint8Array,
    decode: (bytes: Uint8Array) => Result<T>,
    decodeInner: (bytes: Uint8Array, padded: boolean) => Result<unknown>,
  ): Checked => {
    const opens = (envelope: T): boolean => {
      const inner = reader.open(envelope)
      return inner.ok && decodeInner(inner.value, envelope.padded).ok
    }
    return {
      kind,
      bytes,
      opens: (changed) => {
        const envelope = decode(changed)
        return envelope.ok && opens(envelope.value)
      },
      accepts: (changed) => {
        const envelope = decode(changed)
        if (!envelope.ok || !equalBytes(envelope.value.docId, keys.docId)) return false
        const { author, signature, id } = envelope.value
        return verify('env-sig', signature ?? new Uint8Array(0), author, id) && opens(envelope.value)
      },
    }
  }

  const [, , update] = updates
  const [record] = sampleRecords().slice(2)
  if (record === undefined) throw new Error('there are four records')
  return [
    {
      kind: 'genesis',
      bytes: encodeGenesis(keys.genesis),
      accepts: (bytes) => decodeGenesis(bytes).ok && equalBytes(docIdOf(bytes), keys.docId),
    },
    {
      kind: 'certificate',
      bytes: encodeCertificate(certificate),
      accepts: (bytes) => {
        const decoded = decodeCertificate(bytes)
        return decoded.ok && isAdmitted(decoded.value, keys.docId, keys.genesis, verify)
      },
    },
    sealed('update', encodeUpdate(update), decodeUpdate, decodeUpdateInner),
    sealed('snapshot', encodeSnapshot(wholeSnapshot), decodeSnapshot, decodeSnapshotInner),
    sealed('snapshot in chunks', encodeSnapshot(snapshot), decodeSnapshot, decodeChunkedInner),
    sealed('ephemeral', encodeSigned(ephemeral), decodeEphemeral, decodeEphemeralInner),
    sealed('broadcast', encodeSigned(broadcast), decodeEphemeral, decodeEphemeralInner),
    sealed('heads', encodeSigned(heads), decodeHeads, decodeHeadsInner),
    {
      kind: 'record',
      bytes: encodeRecord(record),
      accepts: (bytes) => {
        const decoded = decodeRecord(bytes)
        if (!decoded.ok || !equalBytes(decoded.value.docId, docIdOf(encodeGenesis(adminGenesis()))))
          return false
        return verify('record-sig', decoded.value.signature, adminGenesis().adminKey, decoded.value.id)
      },
    },
    {
      kind: 'chunk',
      bytes: encodeChunk(chunks[1]),
      accepts: (bytes) => {
        const decoded = decodeChunk(bytes)
        if (!decoded.ok) return false
        const listed = snapshot.chunks[decoded.value.index]
        return listed !== undefined && equalBytes(listed, decoded.value.id) && writer.open(decoded.value).ok
      },
      opens: (bytes) => {
        const decoded = decodeChunk(bytes)
        return decoded.ok && reader.open(decoded.value).ok
      },
    },
  ]
}
