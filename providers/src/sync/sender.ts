/** Our own chain: when edits are sealed, what is sent again, and what a refusal means. */
import {
  type CoverEntry,
  chainStart,
  equalBytes,
  type Item,
  LIMITS,
  NO_ID,
  TAG_BYTES,
  toHex,
  type Update,
  unreachable,
  updateItems,
} from '../protocol/index.ts'
import { type Content, encodeUpdateInner, type Packed } from './content.ts'
import { type Core, pushChannel } from './core.ts'
import { type Entry, ofSession, type SealedEntry } from './outbox.ts'
import { MAX_CLAIMS } from './portion.ts'

const PUSH_BYTES = 1024 * 1024
/** Small payloads do not get smaller. */
const DEFLATE_FROM_BYTES = 512
/** Until what was refused for now is sent again, at least. */
const RETRY_MS = 500
const MOST_RETRY_MS = 60_000
const INVALID_LIMIT = 3

export interface Sender {
  edited(content: Content, edits?: number, claims?: readonly Uint8Array[]): void
  claimed(claim: Uint8Array): void
  /** What is to be claimed with the next edit; none of it any more from here on. */
  unclaimed(): readonly Uint8Array[]
  /** Another log knows nothing of what this device has claimed. */
  claimAgain(): void
  /** Seals and sends what has gathered; with `force` even while something waits for its ack. */
  flush(force?: boolean): void
  /** The document was opened anew: `open` showed the current session's certificate, and no other. */
  opened(): void
  /** Whether it was sealed since the document was opened: then an acknowledgement of it is no repeated one. */
  isNew(update: Update): boolean
  /** Sends again all that is sealed and not acknowledged. */
  resend(): void
  refused(entry: SealedEntry, item: Extract<Item, { type: 'refused' }>): 'snapshot-needed' | undefined
  /** Whether this cover names of our session what we have never sealed. */
  isMisnamedBy(cover: readonly CoverEntry[]): boolean
  /** Ends our session: what it did not get acknowledged from `seq` on is sealed again, in a new one. */
  endSession(seq: number): void
  woke(): void
}

/** Deflated when that is allowed and pays. */
export const pack = (content: Content, core: Core): Packed => {
  const { encoding, payload } = content
  if (core.options.compress && payload.length >= DEFLATE_FROM_BYTES) {
    const deflated = core.deflate(payload)
    if (deflated.length + 4 < payload.length) {
      return { encoding, payload: deflated, inflatedLength: payload.length }
    }
  }
  return { encoding, payload, inflatedLength: undefined }
}

export const createSender = (core: Core): Sender => {
  const { state, outbox, chains, vault, codec, options } = core
  let claims: Uint8Array[] = []
  /** Sessions whose certificate this opening of the document has shown, in hex. */
  const announced = new Set<string>()
  let invalid = 0
  /** Sessions in a row of which the relay has refused the very first update. */
  let stillborn = 0
  /** The connection that refusals count for: the next one may lead to a relay that takes what this one does not. */
  let refusedBy = state.relay
  /** From this position of our chain on, what is sealed belongs to the present opening of the document. */
  let newFrom = 0

  const startSession = (): void => {
    const session = core.random(8)
    newFrom = 0
    state.certificate = vault.certify(session)
    state.nextSeq = 0
    state.head = chainStart(vault.docId, vault.author, session)
  }

  const push = (channel: number, updates: readonly Update[]): void => {
    let batch: Update[] = []
    let bytes = 0
    const send = (): void => {
      if (batch.length === 0) return
      const items: Item[] = []
      for (const { session } of batch) {
        const name = toHex(session)
        if (announced.has(name)) continue
        announced.add(name)
        items.push({ type: 'certificate', certificate: vault.certify(session) })
      }
      items.push(...updateItems(batch))
      core.transmit({ type: 'push', channel, items })
      state.pushedAt = state.now
      batch = []
      bytes = 0
    }
    for (const update of updates) {
      batch.push(update)
      bytes += update.ciphertext.length + 300
      if (bytes >= PUSH_BYTES) send()
    }
    send()
  }

  const seal = (batch: readonly Entry[]): Update | undefined => {
    const contents = batch.map(({ content }) => content)
    const content = contents[0] !== undefined && contents.length === 1 ? contents[0] : codec.merge(contents)
    const batchClaims = batch.flatMap((entry) => entry.claims)
    const inner = encodeUpdateInner({ ...pack(content, core), claims: batchClaims }, options.pad)
    if (inner.length + TAG_BYTES > LIMITS.updateBytes) {
      state.blocked = `one edit has ${inner.length} bytes, more than a relay takes (${LIMITS.updateBytes})`
      return undefined
    }
    if (chains.get(state.certificate)?.ended) startSession()
    const { session } = state.certificate
    const update = vault.sealUpdate(
      {
        session,
        seq: state.nextSeq,
        prev: state.head,
        base: state.active?.id ?? NO_ID,
        logHeight: 0,
        deps: chains.newHeads(),
        padded: options.pad,
      },
      inner,
    )
    outbox.seal(batch, content, update)
    state.nextSeq += 1
    state.head = update.id
    return update
  }

  const endSession = (seq: number): void => {
    outbox.loosen(ofSession(outbox.sealed(), state.certificate.session, seq))
    startSession()
  }

  /** One refusal may be the relay's past; a relay that refuses each new session is not asked as fast as it answers. */
  const beginAnother = (seq: number): void => {
    stillborn = seq === 0 ? stillborn + 1 : 0
    if (stillborn > 1) state.retryAt = state.now + Math.min(RETRY_MS * 2 ** (stillborn - 2), MOST_RETRY_MS)
    endSession(seq)
  }

  const resend = (): void => {
    const channel = pushChannel(core)
    if (channel === undefined) return
    push(
      channel,
      outbox.sealed().map(({ update }) => update),
    )
  }

  const claimed = (claim: Uint8Array): void => {
    if (!claims.some((known) => equalBytes(known, claim))) claims.push(claim)
  }

  return {
    edited: (content, edits = 1, extra = []) => {
      state.holdsContent = true
      const all = [...extra, ...claims]
      outbox.add(content, all.slice(0, MAX_CLAIMS), edits)
      claims = all.slice(MAX_CLAIMS)
    },
    claimed,
    unclaimed: () => {
      const taken = claims
      claims = []
      return taken
    },
    claimAgain: () => {
      for (const { author, claim } of core.claims.values()) {
        if (equalBytes(author, vault.author)) claimed(claim)
      }
    },
    flush: (force = false) => {
      const channel = pushChannel(core)
      // While it is not settled what the relay lacks, loose edits wait: the comparison will say which of them to send.
      if (channel === undefined || outbox.loose().length === 0 || core.isTracking()) {
        state.flushAt = undefined
        return
      }
      if (outbox.sealed().length > 0 && !force) {
        state.flushAt ??= state.now + options.flushMs
        return
      }
      state.flushAt = undefined
      const updates: Update[] = []
      while (outbox.loose().length > 0) {
        const update = seal(outbox.portion())
        if (update === undefined) break
        updates.push(update)
      }
      push(channel, updates)
    },
    opened: () => {
      newFrom = state.nextSeq
      if (state.relay !== refusedBy) {
        refusedBy = state.relay
        state.blocked = undefined
        invalid = 0
        stillborn = 0
      }
      announced.clear()
      announced.add(toHex(state.certificate.session))
    },
    isNew: ({ session, seq }) => equalBytes(session, state.certificate.session) && seq >= newFrom,
    resend,
    refused: (entry, item) => {
      const { update } = entry
      if (!equalBytes(update.session, state.certificate.session)) {
        outbox.loosen([entry])
        return undefined
      }
      const isFirst =
        outbox.sealed().find((other) => equalBytes(other.update.session, update.session)) === entry
      switch (item.code) {
        case 'gap':
          // Later ones of a burst follow from the first one's refusal, which says more.
          if (isFirst) beginAnother(update.seq)
          return undefined
        case 'session-ended':
        case 'epoch':
        case 'superseded':
          beginAnother(update.seq)
          return undefined
        case 'snapshot-needed':
          state.retryAt = state.now + RETRY_MS
          endSession(update.seq)
          return 'snapshot-needed'
        case 'invalid':
          invalid += 1
          if (invalid >= INVALID_LIMIT) state.blocked = 'the relay finds our envelopes invalid'
          endSession(update.seq)
          return undefined
        case 'too-large':
          state.blocked = 'the relay says that an edit is too large'
          return undefined
        case 'role':
          state.blocked = 'the relay says that this device may not write'
          return undefined
        case 'unavailable':
          state.retryAt ??= state.now + Math.max(RETRY_MS, Math.min(item.retryAfterMs, MOST_RETRY_MS))
          return undefined
        default:
          return unreachable(item.code)
      }
    },
    isMisnamedBy: (cover) => {
      const { session } = state.certificate
      const ours = cover.find(
        (entry) => equalBytes(entry.author, vault.author) && equalBytes(entry.session, session),
      )
      if (ours === undefined) return false
      const [sealed] = ofSession(outbox.sealed(), session, ours.seq)
      const isSealed = sealed !== undefined && sealed.update.seq === ours.seq
      const id = isSealed ? sealed.update.id : chains.idAt(ours, ours.seq)
      return ours.seq >= state.nextSeq || (id !== undefined && !equalBytes(id, ours.head))
    },
    endSession,
    woke: () => {
      if (state.retryAt === undefined || state.retryAt > state.now) return
      state.retryAt = undefined
      resend()
    },
  }
}
