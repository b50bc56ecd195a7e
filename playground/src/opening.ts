/** From the address of this window to an open room, or to what is wrong with it. */
import { generateSecret } from 'sealsync'
import { isKnown, remember } from './known-rooms.ts'
import { readFragment, toFragment } from './link.ts'
import type { ProblemText } from './problem.tsx'
import { LINK_INCOMPLETE, RELAY_UNKNOWN, secretWrong } from './problems.ts'
import { fetchRelayUrl } from './relay-address.ts'
import { openRoom, type Room } from './room.ts'

export type Opening =
  /** `isNew`: this window has just made the room. */
  | { readonly type: 'open'; readonly room: Room; readonly isNew: boolean }
  | { readonly type: 'problem'; readonly problem: ProblemText }

/** `waits`: see `RoomOptions`. */
export const open = async (waits = false): Promise<Opening> => {
  const relayUrl = await fetchRelayUrl()
  if (relayUrl === undefined) return { type: 'problem', problem: RELAY_UNKNOWN }
  const isNew = readFragment(location.hash).type === 'none'
  if (isNew) makeLink()
  const fragment = readFragment(location.hash)
  if (fragment.type !== 'link') return { type: 'problem', problem: LINK_INCOMPLETE }
  try {
    const room = openRoom(fragment, relayUrl, { create: isKnown(fragment.room), waits })
    room.provider.on('synced', () => remember(fragment.room))
    // A relay keeps no document in which nothing was ever written, and this link is to be good at once.
    if (isNew) room.doc.getMap('room').set('made', Date.now())
    return { type: 'open', room, isNew }
  } catch (error) {
    return { type: 'problem', problem: secretWrong(error) }
  }
}

// Replaced, not pushed: going back must not lead to a page that makes yet another room.
const makeLink = (): void => {
  const room = crypto.randomUUID()
  remember(room)
  history.replaceState(null, '', toFragment({ room, secret: generateSecret() }))
}
