/** What a snapshot of ours is going to say that it includes: every open chain as far as it is settled and read here. */
import { type CoverEntry, compareCover, equalBytes, type SessionName } from '../protocol/index.ts'
import { chainKey } from './chains.ts'
import type { Core } from './core.ts'
import type { Presence } from './presence.ts'

/** `needed`: sessions are too many, and some of them have to end. */
export const fixCover = (core: Core, presence: Presence, needed: boolean): readonly CoverEntry[] => {
  const { state, chains, vault, dice } = core
  const isMine = (name: SessionName): boolean =>
    equalBytes(name.author, vault.author) && equalBytes(name.session, state.certificate.session)
  const present = new Set(presence.sessions().map(chainKey))
  const readable = chains.open().filter((chain) => (chain.readable?.seq ?? 0) >= 0)
  const entries = readable.map((chain): CoverEntry => {
    const name = { author: chain.author, session: chain.session }
    const mine = isMine(chain)
    if (chain.readable !== undefined) return { ...name, ...chain.readable, ended: false }
    const idle = chain.held.length === 0 && state.active?.cover.get(chain.key) === chain.seq
    const crowdedOut = needed && chain.held.length === 0 && (idle || dice() < 0.5)
    const ended = !mine && ((idle && !present.has(chain.key)) || crowdedOut)
    return { ...name, seq: chain.seq, head: chain.head, ended }
  })
  // While sessions are too many our own unsent edits cannot be waited for: they stay in the outbox.
  const rest = entries.filter((entry) => !isMine(entry) || needed)
  // An ended session stays out: the active snapshot covers all of it.
  if (!needed && state.nextSeq > 0 && chains.get(state.certificate)?.ended !== true) {
    const { author, session } = state.certificate
    rest.push({ author, session, seq: state.nextSeq - 1, head: state.head, ended: false })
  }
  return rest.sort(compareCover)
}
