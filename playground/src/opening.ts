/** From the address of this window to an open room, or to what is wrong with it. */
import { generateSecret } from 'sealsync'
import { isKnown, remember } from './known-rooms.ts'
import { readFragment, toFragment } from './link.ts'
import type { ProblemText } from './problem.tsx'
import { openRoom, type Room } from './room.ts'

export type Opening =
  | { readonly type: 'open'; readonly room: Room }
  | { readonly type: 'problem'; readonly problem: ProblemText }

const problem = (title: string, text: string, remedy: string): Opening => ({
  type: 'problem',
  problem: { title, text, remedy },
})

export const open = async (): Promise<Opening> => {
  const relayUrl = await fetchRelayUrl()
  if (relayUrl === undefined) {
    return problem(
      'The playground does not know its relay',
      'The server of this page has no relay.json with the address of a relay.',
      'Stop it and run npm start in the root of the repository: that starts both.',
    )
  }
  const isNew = readFragment(location.hash).type === 'none'
  if (isNew) makeLink()
  const fragment = readFragment(location.hash)
  if (fragment.type !== 'link') {
    return problem(
      'This link is incomplete',
      'A link to a room ends in #room=…&secret=…, and this one lacks a part of that.',
      'Copy the whole link again, to its very end.',
    )
  }
  try {
    const room = openRoom(fragment, relayUrl, isKnown(fragment.room))
    room.provider.on('synced', () => remember(fragment.room))
    // A relay keeps no document in which nothing was ever written, and this link is to be good at once.
    if (isNew) room.doc.getMap('room').set('made', Date.now())
    return { type: 'open', room }
  } catch (error) {
    return problem(
      'The secret in this link is not right',
      error instanceof Error ? error.message : String(error),
      'Nothing was sent. Copy the whole link again, to its very end.',
    )
  }
}

// Replaced, not pushed: going back must not lead to a page that makes yet another room.
const makeLink = (): void => {
  const room = crypto.randomUUID()
  remember(room)
  history.replaceState(null, '', toFragment({ room, secret: generateSecret() }))
}

const fetchRelayUrl = async (): Promise<string | undefined> => {
  try {
    const answer: unknown = await (await fetch('/relay.json')).json()
    const isAddress = typeof answer === 'object' && answer !== null && 'url' in answer
    return isAddress && typeof answer.url === 'string' ? answer.url : undefined
  } catch {
    return undefined
  }
}
