/** What a member says to messages that the Repo addresses to it: that it has all of this. The relay carries the rest. */
import type { Message } from '@automerge/automerge-repo/slim'
import { createRecent } from './recent.ts'
import { decodeSyncMessage, encodeSyncMessage } from './sync-message.ts'

const REMEMBERED = 10_000

export const createMemberAnswers = (send: (answer: Message) => void): ((message: Message) => void) => {
  /** What was said last: once is enough, and two that answer each other for ever are worse than silence. */
  const said = createRecent<string>(REMEMBERED)
  return ({ type, documentId, senderId, targetId, data }) => {
    if (documentId === undefined) return
    const back = { documentId, senderId: targetId, targetId: senderId }
    if (type === 'request') send({ ...back, type: 'doc-unavailable' })
    if (type !== 'sync' || data === undefined) return
    const heard = decodeSyncMessage(data)
    if (!heard.ok) return
    const { heads } = heard.value
    const key = `${targetId} ${documentId}`
    if (said.get(key) === heads.join()) return
    said.set(key, heads.join())
    send({ ...back, type: 'sync', data: encodeSyncMessage({ heads, have: [heads] }) })
  }
}
