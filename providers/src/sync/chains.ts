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
  LIMITS,
  type SessionName,
  toHex,
  type Update,
  type Verify,
} from '../protocol/index.ts'
import { createAdmission } from './admission.ts'
import type { Chain, Position } from './chain.ts'
import type { Received } from './effects.ts'
import { type Inflate, openUpdate } from './opening.ts'
import { createRecentIds } from './recent-ids.ts'
import type { Vault } from './vault.ts'

type Mutable = { -readonly [K in keyof Chain]: Chain[K] }

interface Complaint {
  readonly kind: 'forged' | 'quarantined' | 'equivocation'
  readonly message: string
}

export interface Opened {
  readonly update: Update
  readonly received: Received
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
      readonly opened: readonly Opened[]
      readonly refused: readonly Refused[]
      /** Says why something of this chain does not count yet; reported once per chain. */
      readonly complaint: Complaint | undefined
    }

export interface Chains {
  certify(certificate: Certificate): void
  /** What comes next is a snapshot of this session: a certificate right before it does not tell that the session is open. */
  introduced(maker: SessionName): void
  /** Updates of one chain, in order. `certified`: its certificate was seen in an earlier run. */
  take(updates: readonly Update[], certified?: boolean): Taken
  /**
   * One of our own, acknowledged or delivered back: counts without being opened. `isOpen`: that tells that its session
   * has not ended.
   */
  settleOwn(update: Update, isOpen: boolean): void
  /**
   * What a snapshot covers is settled; its `ended` flags hold from now on. `isReadable`: this version can read it, and
   * with it what it could not read before.
   */
  cover(entries: readonly CoverEntry[], isReadable: boolean): void
  /** Whether all that these entries cover was read here, update by update or in an earlier snapshot. */
  holds(entries: readonly CoverEntry[]): boolean
  /** What these entries cover could not be read after all. */
  unread(entries: readonly CoverEntry[]): void
  /** Whether something is written in an encoding of a newer version. */
  hasUnread(): boolean
  /** The id at a position of a chain, if it is one of the last few. */
  idAt(name: SessionName, seq: number): Uint8Array | undefined
  end(name: SessionName): void
  get(name: SessionName): Chain | undefined
  /** Open chains with at least one settled update. */
  open(): readonly Chain[]
  /** Those of the open chains that the relay has shown since the document was last opened. */
  current(): readonly Chain[]
  isCurrent(name: SessionName): boolean
  /** Somebody else was shown that it is open, up to a position that it has here as well. */
  show(at: SessionName & { readonly seq: number }): void
  /** Rises whenever a head moves. */
  moves(): number
  /** Another opening: the relay shows all open sessions anew. */
  opened(): void
  /** Whether this id is a head, or one of the last few of its chain. */
  hasSeen(id: Uint8Array): boolean
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
  readonly isReadable: (encoding: number) => boolean
}): Chains => {
  const { vault, verify, inflate, isReadable } = deps
  const chains = new Map<string, Mutable>()
  // Certificates are facts of the document, not of the log: they outlive a reset.
  const certified = new Map<string, boolean>()
  const complained = new Set<string>()
  const recent = createRecentIds()
  let fresh = new Map<string, Position>()
  let opening = 0
  /** The chain of the certificate that came last, and where it had been shown before. */
  let introduction: { readonly chain: Mutable; readonly shownIn: number } | undefined
  let moves = 0

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
        isForged: false,
        mayWrite: certified.get(key) ?? false,
        frozen: false,
        isVouched: true,
        readable: undefined,
        unreadTo: -1,
        shownIn: -1,
      }
      chains.set(key, chain)
    }
    return chain
  }

  const settle = (chain: Mutable, update: Update): void => {
    chain.seq = update.seq
    chain.head = update.id
    chain.isVouched = true
    moves += 1
    recent.add(chain.key, update.seq, update.id)
    if (!equalBytes(chain.author, vault.author)) fresh.set(chain.key, { seq: update.seq, head: update.id })
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
    const opened: Opened[] = []
    const refused: Refused[] = []
    let complaint: Complaint | undefined
    let done = 0
    for (const update of chain.held.slice(0, count)) {
      const content = openUpdate(update, vault, inflate)
      if (!content.ok && content.error.type === 'unknown-key') {
        complaint = { kind: 'quarantined', message: 'sealed under a key that is not in the keyring' }
        break
      }
      if (content.ok) {
        opened.push({ update, received: content.value })
        if (!isReadable(content.value.encoding)) {
          chain.readable ??= { seq: chain.seq, head: chain.head }
          chain.unreadTo = update.seq
        }
      } else if (content.error.type === 'unreadable') refused.push({ update, reason: content.error.reason })
      settle(chain, update)
      chain.shownIn = opening
      done++
    }
    chain.held = chain.held.slice(done)
    // The last that was sent is always signed, so what is left over has a signature that is none.
    chain.isForged = done === count && chain.held.length > 0
    if (chain.isForged) {
      complaint = { kind: 'forged', message: 'signature does not verify' }
    }
    const heldBytes = chain.held.reduce((sum, update) => sum + update.ciphertext.length, 0)
    if (chain.held.length > LIMITS.heldEnvelopes || heldBytes > LIMITS.heldBytes) chain.frozen = true
    return { type: 'taken', opened, refused, complaint: once(chain, complaint) }
  }

  const isSigned = ({ signature, author, id }: Update): boolean =>
    signature !== undefined && verify('env-sig', signature, author, id)

  /** It belongs to another history of its chain than the one that its author has vouched for here. */
  const isContradiction = (chain: Chain, update: Update): boolean => {
    const there = recent.at(chain.key, update.seq)
    if (there !== undefined) return !equalBytes(there, update.id) && isSigned(update)
    const before = recent.at(chain.key, update.seq - 1)
    const isNext = update.seq === chain.seq + 1 && chain.isVouched && chain.held.length === 0
    return isNext && before !== undefined && !equalBytes(before, update.prev) && isSigned(update)
  }

  const contradicted = (chain: Mutable): Taken => {
    chain.frozen = true
    const complaint = once(chain, { kind: 'equivocation', message: 'its author has signed two histories' })
    return { type: 'taken', opened: [], refused: [], complaint }
  }

  const once = (chain: Chain, complaint: Complaint | undefined): Complaint | undefined => {
    if (complaint === undefined || complained.has(complaint.kind + chain.key)) return undefined
    complained.add(complaint.kind + chain.key)
    return complaint
  }

  return {
    certify: (certificate) => {
      const key = chainKey(certificate)
      const mayWrite = certificate.role !== 'reader'
      certified.set(key, mayWrite || (certified.get(key) ?? false))
      const chain = chains.get(key)
      introduction = chain && { chain, shownIn: chain.shownIn }
      if (chain === undefined) return
      chain.mayWrite ||= mayWrite
      chain.shownIn = opening
    },
    introduced: (maker) => {
      // A session may make its last snapshot after another one has ended it.
      if (introduction?.chain.key === chainKey(maker)) introduction.chain.shownIn = introduction.shownIn
      introduction = undefined
    },
    take: (updates, isCertified = false) => {
      const first = updates[0]
      if (first === undefined) return { type: 'duplicate' }
      const key = chainKey(first)
      if (chains.get(key)?.frozen) return { type: 'duplicate' }
      // Nothing is remembered of a session before its certificate was shown: anybody can make up names.
      if (!certified.has(key) && !isCertified) return { type: 'gap' }
      const chain = chainOf(first)
      if (!chain.mayWrite && !isCertified) {
        const complaint = once(chain, {
          kind: 'forged',
          message: 'its certificate does not let this session write',
        })
        return { type: 'taken', opened: [], refused: [], complaint }
      }
      if (updates.some((update) => isContradiction(chain, update))) return contradicted(chain)
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
    settleOwn: (update, isOpen) => {
      const chain = chainOf(update)
      if (isOpen) chain.shownIn = opening
      if (update.seq === chain.seq + 1) settle(chain, update)
    },
    cover: (entries, isReadable) => {
      for (const entry of entries) {
        const chain = chainOf(entry)
        if (isReadable && chain.readable !== undefined && entry.seq > chain.readable.seq) {
          const isAllRead = entry.seq >= chain.unreadTo
          chain.readable = isAllRead ? undefined : { seq: entry.seq, head: entry.head }
          if (isAllRead) chain.unreadTo = -1
        }
        if (entry.seq > chain.seq) {
          if (!isReadable) chain.readable ??= { seq: chain.seq, head: chain.head }
          if (!isReadable) chain.unreadTo = entry.seq
          chain.seq = entry.seq
          chain.head = entry.head
          chain.isVouched = false
          moves += 1
          const rest = chain.held.filter((update) => update.seq > entry.seq)
          chain.held = rest[0] === undefined || equalBytes(rest[0].prev, entry.head) ? rest : []
          chain.frozen = false
        }
        chain.ended ||= entry.ended
        chain.shownIn = opening
        // What the next updates are based on needs no mention.
        if ((fresh.get(chain.key)?.seq ?? entry.seq + 1) <= entry.seq) fresh.delete(chain.key)
      }
    },
    holds: (entries) =>
      entries.every((entry) => {
        const chain = chains.get(chainKey(entry))
        return chain !== undefined && (chain.readable ?? chain).seq >= entry.seq
      }),
    unread: (entries) => {
      for (const entry of entries) {
        const chain = chainOf(entry)
        chain.readable = { seq: -1, head: chainStart(vault.docId, entry.author, entry.session) }
        chain.unreadTo = Math.max(chain.unreadTo, entry.seq)
      }
    },
    hasUnread: () => [...chains.values()].some(({ readable }) => readable !== undefined),
    idAt: (name, seq) => recent.at(chainKey(name), seq),
    end: (name) => {
      const chain = chains.get(chainKey(name))
      if (chain !== undefined) chain.ended = true
    },
    get: (name) => chains.get(chainKey(name)),
    open: () => [...chains.values()].filter((chain) => !chain.ended && chain.seq >= 0),
    current: () =>
      [...chains.values()].filter((chain) => !chain.ended && chain.seq >= 0 && chain.shownIn === opening),
    moves: () => moves,
    show: (at) => {
      const chain = chains.get(chainKey(at))
      if (chain !== undefined && chain.seq >= at.seq) chain.shownIn = opening
    },
    isCurrent: (name) => chains.get(chainKey(name))?.shownIn === opening,
    opened: () => {
      opening += 1
      introduction = undefined
    },
    hasSeen: (id) => [...chains.values()].some(({ head }) => equalBytes(head, id)) || recent.has(id),
    mayWrite: (name) => certified.get(chainKey(name)) ?? false,
    admits: createAdmission(vault, verify),
    newHeads: () => {
      // Others may never have been shown a chain that the relay does not show any more: a snapshot that we have skipped
      // may have ended it.
      const current = [...fresh.entries()].filter(([key]) => chains.get(key)?.shownIn === opening)
      const heads = current.slice(0, LIMITS.deps)
      fresh = new Map(current.slice(LIMITS.deps))
      return heads.map(([, { head }]) => head).sort(compareBytes)
    },
    reset: () => {
      chains.clear()
      introduction = undefined
      recent.reset()
      fresh.clear()
    },
  }
}
