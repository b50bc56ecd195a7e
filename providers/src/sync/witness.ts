/**
 * What others have signed, against what this relay has shown us. Whoever names an envelope vouches that it exists in this
 * log: if we lack it after asking once more, the relay withholds it; if there is another one in its place, either its
 * author has signed two histories, or the relay shows us different ones.
 */
import { compareBytes, equalBytes, NO_ID, type SessionName, type ToClient, toHex } from '../protocol/index.ts'
import { chainKey } from './chains.ts'
import type { HeadsInner } from './content.ts'
import type { Core } from './core.ts'
import type { AlarmKind } from './effects.ts'
import { NO_LOG } from './gossip.ts'
import { decodeHeads, encodeHeads, HEADS_KEY } from './keep.ts'
import { createStrangers } from './strangers.ts'

/** Somebody's word that the envelope `id` exists, and where, if that was said. */
export interface Claim {
  readonly by: SessionName
  readonly id: Uint8Array
  readonly at: (SessionName & { readonly seq: number }) | undefined
}

export interface Witness {
  /** What storage holds under `HEADS_KEY`, for the log of the cursor. */
  restored(kept: Uint8Array): void
  heard(from: SessionName, inner: HeadsInner): void
  /** An update that builds on this one of its own chain, or on one of another chain, has a valid signature. */
  mentioned(claim: Claim): void
  /** A load, which cannot be asked to fill its gaps, lacks the certificate of this chain, or one of its updates. */
  lacking(chain: SessionName): void
  /** An answer to a fetch. */
  found(frame: Extract<ToClient, { type: 'found' }>): void
  /** Another log begins: nothing that was said of the old one counts. `isSameLog`: the relay says that it is no other. */
  reset(isSameLog: boolean): void
  /** Everything that the relay had is applied. */
  caughtUp(): void
  /** What others have is still not here, after it was reported. */
  isMissing(): boolean
  advance(): void
  wakeAt(): number | undefined
}

/** `missed`: reported. */
type Stage = 'waiting' | 'asked again' | 'fetching' | 'missed'

interface Doubt extends Claim {
  readonly since: number
  stage: Stage
  /** It was said once more after we had asked, by somebody whose active snapshot is ours. */
  isRepeated: boolean
}

/** What was forwarded may overtake what is delivered, for as long as a link is slow. */
const PATIENCE_MS = 2_000
const FETCH_PATIENCE_MS = 10_000
/** Question or answer may be lost. */
const FETCH_TRIES = 3
/** What is missed is asked for again when it is named again after so long. */
const MISSED_MS = 30_000
const MAX_DOUBTS = 1_000
const MAX_PLACES = 4_096

export const createWitness = (
  core: Core,
  rooms: {
    /** Opens the document once more, from the cursor. */
    readonly askAgain: () => void
    /** Opens it from the beginning: what was delivered since the cursor is not all that there was. */
    readonly loadAgain: () => void
    /** Tells the others soon what we have, so that they tell us what they have. */
    readonly hurry: () => void
  },
): Witness => {
  const { state, chains, verify } = core
  const doubts = new Map<string, Doubt>()
  /** Heads that were settled before the relay asked to load its log from the beginning. */
  let trusted: readonly (SessionName & { readonly seq: number })[] = []
  let fetchedAt: number | undefined
  let unanswered = 0
  /** Whether storage holds any of the doubts. */
  let isKept = false
  /** Storage may hold others than there are. */
  let isStale = false
  /** Where the heads stand that were named last, by id in hex. */
  const places = new Map<string, NonNullable<Claim['at']>>()
  const reported = new Set<string>()
  /** What the relay has given when asked for it by id, and had not delivered: then its log was loaded once more. */
  const loadedFor = new Set<string>()

  const report = (kind: AlarmKind, message: string, of: SessionName & { readonly id?: Uint8Array }): void => {
    const name = kind + chainKey(of)
    if (reported.has(name)) return
    reported.add(name)
    core.alarm(kind, message, of)
  }

  const strangers = createStrangers(core, { report, hurry: rooms.hurry })

  const verdict = ({ id, at }: Claim): 'known' | 'missing' | 'other' => {
    if (at === undefined) return chains.hasSeen(id) ? 'known' : 'missing'
    const chain = chains.get(at)
    // What is held for want of a key, or ignored, was reported as such.
    const isHeld = chain?.isForged === false && chain.held.some((update) => equalBytes(update.id, id))
    if (chain?.frozen || isHeld) return 'known'
    if (chain === undefined || chain.seq < at.seq) return 'missing'
    const there = chain.seq === at.seq ? chain.head : chains.idAt(at, at.seq)
    return there === undefined || equalBytes(there, id) ? 'known' : 'other'
  }

  /** What stands at this place was named by a cover, and not signed by the chain's author. */
  const isByCover = (at: SessionName & { readonly seq: number }): boolean => {
    const chain = chains.get(at)
    return chain?.seq === at.seq && !chain.isVouched
  }

  const doubt = (claim: Claim, isBeside: boolean): void => {
    if (verdict(claim) === 'known') return
    const key = claim.at === undefined ? toHex(claim.id) : chainKey(claim.at)
    const before = doubts.get(key)
    if (before === undefined && doubts.size >= MAX_DOUBTS) return
    const isOld = before === undefined || (before.stage === 'missed' && before.since + MISSED_MS <= state.now)
    const { since, stage } = isOld ? { since: state.now, stage: 'waiting' as const } : before
    const isRepeated = before?.isRepeated || (isBeside && stage === 'asked again')
    doubts.set(key, { ...claim, since, stage, isRepeated })
    if (before === undefined || !equalBytes(before.id, claim.id)) isStale = true
  }

  const forget = (key: string): void => {
    if (doubts.delete(key)) isStale = true
  }

  /** All whose place is known are remembered until they have come: who named them may not be there to say it again. */
  const keep = (): void => {
    isStale = false
    if (!core.options.keep) return
    const lasting = [...doubts.values()].flatMap(({ by, at, id }) =>
      at === undefined ? [] : [{ by, at, id }],
    )
    if (lasting.length === 0 && !isKept) return
    isKept = lasting.length > 0
    const value = isKept ? encodeHeads(state.logId, lasting, core.vault) : undefined
    core.keep({ key: HEADS_KEY, value })
  }

  const judgeOne = (key: string, one: Doubt): void => {
    const by = `${toHex(one.by.author).slice(0, 8)}…`
    // Whoever mentions it may not say where it stands; somebody else may have.
    const at = one.at ?? places.get(key)
    const found = verdict({ ...one, at })
    forget(key)
    if (found === 'known') return
    const named = { ...(at ?? one.by), id: one.id }
    if (at === undefined) {
      report('fork', `${by} has seen what the relay does not have for us`, named)
    } else if (found === 'other') {
      report('fork', `${by} was shown another history of this author than we were`, named)
    } else {
      doubts.set(chainKey(at), { ...one, at, stage: 'missed' })
      report('withheld', `${by} has seen more of this author than the relay delivers to us`, named)
    }
  }

  /** Once: a relay may give it by id and never in its place. */
  const mayLoadFor = (one: Doubt, given: ReadonlySet<string>): boolean => {
    const id = toHex(one.id)
    if (!given.has(id) || loadedFor.has(id) || loadedFor.size >= MAX_DOUBTS) return false
    if (verdict(one) !== 'missing') return false
    loadedFor.add(id)
    return true
  }

  /** `given`: ids of envelopes that the relay has just given, with valid signatures. */
  const judge = (given: ReadonlySet<string>): void => {
    const fetched = [...doubts].filter(([, { stage }]) => stage === 'fetching')
    const owed = fetched.filter(([, one]) => mayLoadFor(one, given))
    for (const [key, one] of fetched) if (!owed.some(([name]) => name === key)) judgeOne(key, one)
    // If nothing is loaded after all, they are asked for once more, and judged.
    for (const [, one] of owed) one.stage = 'asked again'
    if (owed.length > 0) rooms.loadAgain()
  }

  /**
   * A chain that the relay does not show since the last opening may have ended under a snapshot that we have skipped and
   * that its witness had not got when it spoke: then it will not say so again.
   */
  const isSettled = ({ at, isRepeated }: Doubt): boolean =>
    at === undefined || isRepeated || chains.isCurrent(at) || (chains.get(at)?.seq ?? -1) >= at.seq

  const fetch = (channel: number): void => {
    const due = [...doubts.values()]
      .filter((one) => one.stage === 'asked again' && isSettled(one))
      .slice(0, 256)
    if (due.length === 0) return
    for (const one of due) one.stage = 'fetching'
    fetchedAt = state.now
    core.transmit({ type: 'fetch', channel, ids: due.map(({ id }) => id).sort(compareBytes) })
  }

  const mayJudge = (): boolean => state.phase.type === 'live' && state.caughtUp && !state.paused.receive

  const advance = (): void => {
    const { phase, now, active } = state
    if (active !== undefined) strangers.remember(active)
    if (doubts.size === 0 || phase.type !== 'live' || !mayJudge()) return
    for (const [key, one] of doubts) if (verdict(one) === 'known') forget(key)
    if (fetchedAt !== undefined && fetchedAt + FETCH_PATIENCE_MS <= now) {
      fetchedAt = undefined
      unanswered += 1
      if (unanswered >= FETCH_TRIES) judge(new Set())
      else for (const one of doubts.values()) if (one.stage === 'fetching') one.stage = 'asked again'
    }
    if (fetchedAt === undefined) fetch(phase.channel)
    const due = [...doubts.values()].filter(
      (one) => one.stage === 'waiting' && one.since + PATIENCE_MS <= now,
    )
    if (due.length === 0) return
    for (const one of due) one.stage = 'asked again'
    rooms.askAgain()
    rooms.hurry()
  }

  return {
    restored: (kept) => {
      isKept = true
      for (const head of decodeHeads(kept, state.logId, core.vault)) doubt(head, false)
    },
    heard: (by, inner) => {
      const key = chainKey(by)
      if (equalBytes(inner.logId, NO_LOG)) return
      if (!strangers.stands(by, inner)) return
      const isBeside = equalBytes(inner.snapshot, state.active?.id ?? NO_ID)
      const positions = new Map(inner.heads.map((head) => [chainKey(head), head.seq]))
      // A later word of the same session takes the place of what it said of chains that have ended since.
      for (const [id, one] of doubts) {
        if (one.at !== undefined && chainKey(one.by) === key && !positions.has(chainKey(one.at))) forget(id)
      }
      for (const { author, session, seq, id } of inner.heads) {
        const at = { author: author.slice(), session: session.slice(), seq }
        doubt({ by, id: id.slice(), at }, isBeside)
        // Who stands on the same snapshot knows that it is open, even if the relay's word of it was lost on its way here.
        if (isBeside) chains.show(at)
        places.set(toHex(id), at)
      }
      for (const id of [...places.keys()].slice(0, Math.max(0, places.size - MAX_PLACES))) places.delete(id)
      const isBehind = chains.current().some((chain) => (positions.get(chain.key) ?? -1) < chain.seq)
      if (isBehind && isBeside) rooms.hurry()
    },
    mentioned: (claim) => doubt(claim, true),
    lacking: (chain) =>
      report('withheld', 'a load lacks its certificate, or an update that others build on', chain),
    found: (frame) => {
      fetchedAt = undefined
      unanswered = 0
      const given = new Set<string>()
      for (const item of frame.items) {
        for (const update of item.type === 'updates' ? item.updates : []) {
          const key = [chainKey(update), toHex(update.id)].find((name) => doubts.has(name)) ?? ''
          const one = doubts.get(key)
          if (one === undefined || !equalBytes(one.id, update.id)) continue
          const { signature, author, id } = update
          const isSigned = signature !== undefined && verify('env-sig', signature, author, id)
          const isOther = isSigned && !isByCover(update) && verdict({ ...one, at: update }) === 'other'
          if (isSigned) given.add(toHex(id))
          if (isOther) report('equivocation', 'its author has signed two updates for one position', update)
          if (isOther || one.at === undefined) forget(key)
        }
      }
      judge(given)
    },
    reset: (isSameLog) => {
      trusted = isSameLog
        ? chains.current().map(({ author, session, seq }) => ({ author, session, seq }))
        : []
      doubts.clear()
      keep()
      strangers.reset()
      places.clear()
      fetchedAt = undefined
    },
    caughtUp: () => {
      const lost = trusted.find((head) => (chains.get(head)?.seq ?? -1) < head.seq)
      if (lost !== undefined) report('rollback', 'the relay has gone back behind what it had delivered', lost)
      trusted = []
    },
    isMissing: () => [...doubts.values()].some(({ stage }) => stage === 'missed'),
    advance: () => {
      advance()
      if (isStale) keep()
    },
    wakeAt: () => {
      if (doubts.size === 0) return undefined
      const waiting = [...doubts.values()].filter(({ stage }) => stage === 'waiting')
      const times = waiting.map(({ since }) => since + PATIENCE_MS)
      if (fetchedAt !== undefined) times.push(fetchedAt + FETCH_PATIENCE_MS)
      return times.length === 0 || !mayJudge() ? undefined : Math.min(...times)
    },
  }
}
