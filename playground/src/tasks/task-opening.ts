/** From the address of this window to an open task list, or to what is wrong with it. */
import { isValidDocumentId } from '@automerge/automerge-repo'
import { generateSecret } from 'sealsync'
import { readFragment, toFragment } from '../link.ts'
import type { ProblemText } from '../problem.tsx'
import { LINK_INCOMPLETE, NO_TASK_LIST, RELAY_UNKNOWN, secretWrong } from '../problems.ts'
import { fetchRelayUrl } from '../relay-address.ts'
import { openTaskRoom, type TaskRoom } from './task-room.ts'

export type Opening =
  | { readonly type: 'open'; readonly room: TaskRoom }
  | { readonly type: 'problem'; readonly problem: ProblemText }

export const open = async (): Promise<Opening> => {
  const relayUrl = await fetchRelayUrl()
  if (relayUrl === undefined) return { type: 'problem', problem: RELAY_UNKNOWN }
  const fragment = readFragment(location.hash)
  if (fragment.type === 'none') {
    const secret = generateSecret()
    const room = openTaskRoom(relayUrl, secret)
    // Replaced, not pushed: going back must not lead to a page that makes yet another list.
    history.replaceState(null, '', toFragment({ room: room.handle.documentId, secret }))
    return { type: 'open', room }
  }
  if (fragment.type === 'incomplete') return { type: 'problem', problem: LINK_INCOMPLETE }
  if (!isValidDocumentId(fragment.room)) return { type: 'problem', problem: NO_TASK_LIST }
  try {
    return { type: 'open', room: openTaskRoom(relayUrl, fragment.secret, fragment.room) }
  } catch (error) {
    return { type: 'problem', problem: secretWrong(error) }
  }
}
