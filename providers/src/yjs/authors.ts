/** Who has written what stands in a document: by claims of client ids, and by the signatures of what came alive. */
import { equalBytes, toHex } from '../bytes.ts'
import type { SessionName } from '../protocol/item.ts'
import type { Claim } from '../sync/content.ts'
import type { Received } from '../sync/effects.ts'
import { clientIdFrom } from './client-ids.ts'
import { createRanges, type Ranges } from './ranges.ts'
import type { ClientRange } from './structs.ts'

/** A device, and the session in which it took a client id for its own. */
export interface Authorship {
  /** Hex of the 32-byte device key. */
  readonly author: string
  /** Hex of the 8-byte session id. */
  readonly session: string
}

export interface Authors {
  /** Who writes under which id; the first to say so keeps it. */
  claimed(claims: readonly Claim[]): void
  /** We write under this id. */
  claimedByUs(clientId: number): void
  /** This envelope says so, and its signature is good. */
  signed(by: Pick<Received, 'author' | 'kind'>, told: readonly ClientRange[]): void
  /** Whose client id it is. */
  ofClient(clientId: number): Authorship | undefined
  /** The same for one clock of it; `undefined` also when only others than that author have signed it. */
  ofClock(clientId: number, clock: number): Authorship | undefined
}

interface Signer {
  readonly author: Uint8Array
  readonly ranges: Ranges
}

/** `self`: the name under which we write, once it is known. */
export const createAuthors = (self: () => SessionName | undefined): Authors => {
  const claimants = new Map<number, Authorship>()
  const ours = new Set<number>()
  const signers = new Map<string, Signer>()
  let last: Signer | undefined

  const signer = (author: Uint8Array): Signer => {
    // Mostly the one before: this is on the way of each envelope of a load.
    if (last !== undefined && equalBytes(last.author, author)) return last
    const name = toHex(author)
    last = signers.get(name) ?? { author: author.slice(), ranges: createRanges() }
    signers.set(name, last)
    return last
  }

  const ofClient = (clientId: number): Authorship | undefined => {
    const claimant = claimants.get(clientId)
    if (!ours.has(clientId)) return claimant
    const name = self()
    if (name === undefined) return undefined
    const author = toHex(name.author)
    return claimant?.author === author ? claimant : { author, session: toHex(name.session) }
  }

  return {
    claimed: (claims) => {
      for (const { author, session, claim } of claims) {
        const clientId = clientIdFrom(claim)
        if (clientId === undefined || claimants.has(clientId)) continue
        claimants.set(clientId, { author: toHex(author), session: toHex(session) })
      }
    },
    claimedByUs: (clientId) => {
      ours.add(clientId)
    },
    signed: ({ author, kind }, told) => {
      // Whoever makes a snapshot vouches for it, but has not written it.
      if (kind === 'snapshot') return
      const { ranges } = signer(author)
      for (const { client, start, end } of told) ranges.add(client, start, end)
    },
    ofClient,
    ofClock: (clientId, clock) => {
      const authorship = ofClient(clientId)
      if (authorship === undefined) return undefined
      const hasSigned = ({ ranges }: Signer): boolean => ranges.held(clientId, clock, clock + 1).length > 0
      const claimant = signers.get(authorship.author)
      if (claimant !== undefined && hasSigned(claimant)) return authorship
      return [...signers.values()].some(hasSigned) ? undefined : authorship
    },
  }
}
