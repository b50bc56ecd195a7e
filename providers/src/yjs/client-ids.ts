/** Whose Yjs client id is whose. Client ids are not secret, so that anybody could show a cursor in another's name. */
import { createReader, createWriter, toHex } from '../bytes.ts'
import type { SessionName } from '../protocol/item.ts'
import type { Claim } from '../sync/content.ts'

/** A client id as a session claims it: a varint, up to 2⁵³. */
export const claimFrom = (clientId: number): Uint8Array => createWriter(8).varint(clientId).done()

/** `undefined` when it is none. */
export const clientIdFrom = (claim: Uint8Array): number | undefined => {
  const reader = createReader(claim)
  const clientId = reader.varint()
  return reader.finished() ? clientId : undefined
}

export interface ClientIds {
  /** Who writes under which id; the first to say so keeps it. */
  claimed(claims: readonly Claim[]): void
  /** A session shows these ids and no others. Returns those it may show, and those that it does not show any more. */
  show(
    from: SessionName,
    clientIds: readonly number[],
  ): { readonly taken: ReadonlySet<number>; readonly gone: readonly number[] }
  /** A session has left. Returns the ids that it showed. */
  leave(from: SessionName): readonly number[]
  /** Everybody has left. Returns all ids that were shown. */
  leaveAll(): readonly number[]
}

/** A document has one client id, and gets another when Yjs sees that two have the same. */
const MAX_SHOWN = 8

interface Showing {
  readonly author: string
  readonly session: string
}

export const createClientIds = (): ClientIds => {
  const claimants = new Map<number, string>()
  const showing = new Map<number, Showing>()

  const isPresent = (author: string): boolean => [...showing.values()].some((one) => one.author === author)

  // Only who is here can be impersonated. An id whose claimant has left belongs to whoever shows it: it is the same
  // document under a new device key more often than not.
  const mayShow = (author: string, clientId: number): boolean => {
    const claimant = claimants.get(clientId)
    if (claimant === author) return true
    const holder = showing.get(clientId)
    if (holder !== undefined && holder.author !== author) return false
    return claimant === undefined || !isPresent(claimant)
  }

  const idsOf = (session: string): readonly number[] =>
    [...showing].filter(([, one]) => one.session === session).map(([clientId]) => clientId)

  return {
    claimed: (claims) => {
      for (const { author, claim } of claims) {
        const clientId = clientIdFrom(claim)
        if (clientId !== undefined && !claimants.has(clientId)) claimants.set(clientId, toHex(author))
      }
    },
    show: (from, clientIds) => {
      const author = toHex(from.author)
      const session = keyOf(from)
      const taken = new Set(clientIds.filter((clientId) => mayShow(author, clientId)).slice(0, MAX_SHOWN))
      const gone = idsOf(session).filter((clientId) => !taken.has(clientId))
      for (const clientId of gone) showing.delete(clientId)
      for (const clientId of taken) showing.set(clientId, { author, session })
      return { taken, gone }
    },
    leave: (from) => {
      const gone = idsOf(keyOf(from))
      for (const clientId of gone) showing.delete(clientId)
      return gone
    },
    leaveAll: () => {
      const gone = [...showing.keys()]
      showing.clear()
      return gone
    },
  }
}

const keyOf = ({ author, session }: SessionName): string => toHex(author) + toHex(session)
