/** Envelopes that nobody wrote so. */
import { equalBytes } from '../../bytes.ts'
import { signingKey } from '../../crypto.ts'
import {
  assembleSnapshot,
  assembleUpdate,
  type Snapshot,
  snapshotHeader,
  type Update,
  updateHeader,
} from '../../protocol/index.ts'
import type { Random } from '../random.ts'
import type { Entry } from '../relay-log.ts'
import { isAmong, perEntry, type Script, type Who, withEnvelope } from '../script.ts'

/**
 * What is changed. `ciphertext` and `header`: one bit of it, the signature stays. `signature`: one bit of it. `strip`: no
 * signature at all (of a snapshot: zeros). `resign`: a valid one by another key. `impostor`: author and certificate are of
 * another key as well, which the document has not admitted.
 */
export type Forgery = 'ciphertext' | 'header' | 'signature' | 'strip' | 'resign' | 'impostor'

/**
 * Changes every envelope behind a version (or those of `from`), but a reader's own.
 * The client should apply none of them nor what builds on them, and raise `forged`, or `withheld` where the change makes
 * a hole in the chain.
 */
export const forge = ({
  part,
  random,
  after = 0,
  from,
  reader,
}: {
  readonly part: Forgery
  readonly random: Random
  /** The last version that is left as it is. */
  readonly after?: number
  readonly from?: Who
  readonly reader?: Who
}): Script => {
  const forged = perEntry((entry) => forgeEntry(entry, part, random))
  return {
    view: (log, { name }) =>
      isAmong(name, reader)
        ? log.map((entry, i) =>
            i >= after && isAmong(entry.from, from) && entry.from !== name ? forged(entry) : entry,
          )
        : log,
  }
}

/**
 * Shows one envelope in the place of another: a twin that an evil writer has made for the same position, say.
 * Who hears of the other one should raise `equivocation` if it is given both when it asks for them by id, and `fork` if the
 * relay `hides` the other one.
 */
export const substitute = ({
  id,
  by,
  hides = false,
  reader,
}: {
  readonly id: Uint8Array
  readonly by: Update | Snapshot
  readonly hides?: boolean
  readonly reader?: Who
}): Script => {
  const substituted = (entry: Entry): readonly Entry[] =>
    equalBytes(entry.envelope.id, id) ? [withEnvelope(entry, by)] : [entry]
  return {
    view: (log, { name }) => (isAmong(name, reader) ? log.flatMap(substituted) : log),
    finds: (log, { name }) =>
      isAmong(name, reader) ? [...log.flatMap(substituted), ...(hides ? [] : log)] : log,
  }
}

/**
 * Shows in each document, behind every envelope, one of another document, if the relay has any.
 * The client should apply none of them. Their ids do not fit this document, so it raises `forged` or `withheld`, or drops
 * the connection if it is a snapshot.
 */
export const splice = ({ reader }: { readonly reader?: Who } = {}): Script => {
  const logs = new Map<string, readonly Entry[]>()
  return {
    view: (log, { name, document = '' }) => {
      logs.set(document, log)
      const others = [...logs].filter(([key]) => key !== document).flatMap(([, other]) => other)
      return isAmong(name, reader) ? log.flatMap((entry, i) => [entry, ...others.slice(i, i + 1)]) : log
    },
  }
}

/** The same bytes, but for one bit. */
export const flipBit = (bytes: Uint8Array, random: Random): Uint8Array => {
  const flipped = bytes.slice()
  const at = random.int(bytes.length)
  flipped[at] = (flipped[at] ?? 0) ^ (1 << random.int(8))
  return flipped
}

const forgeEntry = (entry: Entry, part: Forgery, random: Random): Entry => {
  const { envelope } = entry
  const { signature = new Uint8Array(64), ciphertext, nonce } = envelope
  switch (part) {
    case 'ciphertext':
      return withEnvelope(entry, rebuilt(envelope, { ciphertext: flipBit(ciphertext, random) }))
    case 'header':
      return withEnvelope(entry, rebuilt(envelope, { nonce: flipBit(nonce, random) }))
    case 'signature':
      return withEnvelope(entry, { ...envelope, signature: flipBit(signature, random) })
    case 'strip':
      return withEnvelope(entry, { ...envelope, signature: new Uint8Array(64) })
    case 'resign': {
      const stranger = signingKey(random.bytes(32))
      return withEnvelope(entry, { ...envelope, signature: stranger.sign('env-sig', envelope.id) })
    }
    case 'impostor': {
      const stranger = signingKey(random.bytes(32))
      const changed = rebuilt(envelope, { author: stranger.publicKey })
      const signed = { ...changed, signature: stranger.sign('env-sig', changed.id) }
      const certificate = { ...entry.certificate, author: stranger.publicKey }
      return { ...withEnvelope(entry, signed), certificate }
    }
  }
}

/** The same envelope with some of it changed, and the id that it then has. */
export const rebuilt = (
  envelope: Update | Snapshot,
  changes: Partial<Pick<Update, 'ciphertext' | 'nonce' | 'author'>>,
): Update | Snapshot => {
  const { ciphertext = envelope.ciphertext, ...fields } = changes
  const { commitment } = envelope
  if (envelope.type === 'update') {
    const changed = { ...envelope, ...fields }
    const header = updateHeader(changed, ciphertext.length)
    return assembleUpdate(changed, { header, commitment, ciphertext }, envelope.signature)
  }
  const changed = { ...envelope, ...fields }
  const header = snapshotHeader(changed, ciphertext.length)
  return assembleSnapshot(changed, { header, commitment, ciphertext }, envelope.signature)
}
