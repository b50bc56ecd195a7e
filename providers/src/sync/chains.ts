/**
 * Everybody's hash chains, as far as this log has shown them. One rule for the live and the bulk path: what arrives
 * in order is *held* until a valid signature at or behind it vouches for it; what is vouched for is opened, and is
 * then either applied or *refused* for good. Covers stop before what is held and pass over what is refused.
 */
import {
  type Certificate,
  type CoverEntry,
  chainStart,
  compareBytes,
  equalBytes,
  isAdmitted,
  LIMITS,
  type SessionName,
  toHex,
  type Update,
  type Verify,
} from '../protocol/index.ts'
import type { Received } from './effects.ts'
import { type Inflate, openUpdate } from './opening.ts'
import type { Vault } from './vault.ts'

interface Chain extends SessionName {
  readonly key: string
  /** Last position that is settled (applied or refused); −1 before the first. */
  readonly seq: number
  readonly head: Uint8Array
  readonly ended: boolean
  readonly held: readonly Update[]
  /** Whether a certificate was shown that lets it write. */
  readonly mayWrite: boolean
  /** Too much is held: whatever follows is ignored, so that it cannot fill the memory. */
  readonly frozen: boolean
}

type Mutable = { -readonly [K in keyof Chain]: Chain[K] }

interface Complaint {
  readonly kind: 'forged' | 'quarantined'
  readonly message: string
}

interface Refused {
  readonly update: Update
  readonly reason: string
}

type Taken =
  | { readonly type: 'duplicate' }
  /** Its predecessor, or the certificate of its session, is missing: fetch. */
  | { readonly type: 'gap' }
  | {
      readonly type: 'taken'
      readonly received: readonly Received[]
      readonly refused: readonly Refused[]
      /** Says why something of this chain does not count yet; reported once per chain. */
      readonly complaint: Complaint | undefined
    }

export interface Chains {
  certify(certificate: Certificate): void
  /** Updates of one chain, in order. `certified`: its certificate was seen in an earlier run. */
  take(updates: readonly Update[], certified?: boolean): Taken
  /** One of our own, acknowledged or delivered back: counts without being opened. */
  settleOwn(update: Update): void
  /** What a snapshot covers is settled; its `ended` flags hold from now on. */
  cover(entries: readonly CoverEntry[]): void
  end(name: SessionName): void
  get(name: SessionName): Chain | undefined
  /** Open chains with at least one settled update. */
  open(): readonly Chain[]
  /** Whether a certificate was shown that lets this session write. */
  mayWrite(name: SessionName): boolean
  /** Whether the document's rules admit this certificate. */
  admits(certificate: Certificate): boolean
  /** Heads of other chains settled since the last call, strictly ascending, at most `LIMITS.deps`. */
  newHeads(): readonly Uint8Array[]
  reset(): void
}

export const chainKey = (name: SessionName): string => toHex(name.author) + toHex(name.session)

export const createChains = (deps: {
  readonly vault: Vault
  readonly verify: Verify
  readonly inflate: Inflate
}): Chains => {
  const { vault, verify, inflate } = deps
  const chains = new Map<string, Mutable>()
  // Certificates are facts of the document, not of the log: they outlive a reset.
  const certified = new Map<string, boolean>()
  const complained = new Set<string>()
  let fresh = new Map<string, Uint8Array>()

  const chainOf = ({ author, session }: SessionName): Mutable => {
    const key = chainKey({ author, session })
    let chain = chains.get(key)
    if (chain === undefined) {
      chain = {
        key,
        author: author.slice(),
        session: session.slice(),
        seq: -1,
        head: chainStart(vault.docId, author, session),
        ended: false,
        held: [],
        mayWrite: certified.get(key) ?? false,
        frozen: false,
      }
      chains.set(key, chain)
    }
    return chain
  }

  const settle = (chain: Mutable, update: Update): void => {
    chain.seq = update.seq
    chain.head = update.id
    if (!equalBytes(chain.author, vault.author)) fresh.set(chain.key, update.id)
  }

  /** How many of the held updates a valid signature vouches for; checks from the end, so usually just one. */
  const vouchedFor = (held: readonly Update[], added: number): number => {
    for (let count = held.length; count > held.length - added; count--) {
      const update = held[count - 1]
      if (update?.signature !== undefined && verify('env-sig', update.signature, update.author, update.id)) {
        return count
      }
    }
    return 0
  }

  const release = (chain: Mutable, count: number): Taken => {
    const received: Received[] = []
    const refused: Refused[] = []
    let complaint: Complaint | undefined
    let done = 0
    for (const update of chain.held.slice(0, count)) {
      const opened = openUpdate(update, vault, inflate)
      if (!opened.ok && opened.error.type === 'unknown-key') {
        complaint = { kind: 'quarantined', message: 'sealed under a key that is not in the keyring' }
        break
      }
      if (opened.ok) received.push(opened.value)
      else if (opened.error.type === 'unreadable') refused.push({ update, reason: opened.error.reason })
      settle(chain, update)
      done++
    }
    chain.held = chain.held.slice(done)
    if (count === 0 && chain.held.length > 0) {
      complaint = { kind: 'forged', message: 'signature does not verify' }
    }
    const heldBytes = chain.held.reduce((sum, update) => sum + update.ciphertext.length, 0)
    if (chain.held.length > LIMITS.heldEnvelopes || heldBytes > LIMITS.heldBytes) chain.frozen = true
    return { type: 'taken', received, refused, complaint: once(chain, complaint) }
  }

  const once = (chain: Chain, complaint: Complaint | undefined): Complaint | undefined => {
    if (complaint === undefined || complained.has(chain.key)) return undefined
    complained.add(chain.key)
    return complaint
  }

  return {
    certify: (certificate) => {
      const key = chainKey(certificate)
      const mayWrite = certificate.role !== 'reader'
      certified.set(key, mayWrite || (certified.get(key) ?? false))
      const chain = chains.get(key)
      if (chain !== undefined) chain.mayWrite ||= mayWrite
    },
    take: (updates, isCertified = false) => {
      const first = updates[0]
      if (first === undefined) return { type: 'duplicate' }
      const chain = chainOf(first)
      if (chain.frozen) return { type: 'duplicate' }
      if (!certified.has(chain.key) && !isCertified) return { type: 'gap' }
      if (!chain.mayWrite && !isCertified) {
        const complaint = once(chain, {
          kind: 'forged',
          message: 'its certificate does not let this session write',
        })
        return { type: 'taken', received: [], refused: [], complaint }
      }
      const top = chain.held.at(-1)
      let seq = top?.seq ?? chain.seq
      let head = top?.id ?? chain.head
      const added: Update[] = []
      for (const update of updates) {
        if (update.seq <= seq) continue
        if (update.seq !== seq + 1 || !equalBytes(update.prev, head)) return { type: 'gap' }
        added.push(update)
        seq = update.seq
        head = update.id
      }
      if (added.length === 0) return { type: 'duplicate' }
      chain.held = [...chain.held, ...added]
      return release(chain, vouchedFor(chain.held, added.length))
    },
    settleOwn: (update) => {
      const chain = chainOf(update)
      if (update.seq === chain.seq + 1) settle(chain, update)
    },
    cover: (entries) => {
      for (const entry of entries) {
        const chain = chainOf(entry)
        if (entry.seq > chain.seq) {
          chain.seq = entry.seq
          chain.head = entry.head
          const rest = chain.held.filter((update) => update.seq > entry.seq)
          chain.held = rest[0] === undefined || equalBytes(rest[0].prev, entry.head) ? rest : []
          chain.frozen = false
        }
        chain.ended ||= entry.ended
      }
    },
    end: (name) => {
      const chain = chains.get(chainKey(name))
      if (chain !== undefined) chain.ended = true
    },
    get: (name) => chains.get(chainKey(name)),
    open: () => [...chains.values()].filter((chain) => !chain.ended && chain.seq >= 0),
    mayWrite: (name) => certified.get(chainKey(name)) ?? false,
    admits: (certificate) => isAdmitted(certificate, vault.docId, vault.genesis, verify),
    newHeads: () => {
      const heads = [...fresh.entries()].slice(0, LIMITS.deps)
      fresh = new Map([...fresh.entries()].slice(LIMITS.deps))
      return heads.map(([, id]) => id).sort(compareBytes)
    },
    reset: () => {
      chains.clear()
      fresh.clear()
    },
  }
}
