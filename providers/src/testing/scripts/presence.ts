/** Who is there and who is not. */
import type { ToClient } from '../../protocol/index.ts'
import { isAmong, type Script, type Who } from '../script.ts'

type Joined = ToClient & { readonly type: 'joined' }
type Said = ToClient & { readonly type: 'ephemeral' }

/** No real connection has such a number. */
const GHOSTS = 1_000_000

/**
 * Announces, beside everyone who joins, somebody with the same certificate on a connection that does not exist.
 * The client should show nothing of the ghost: it never answers a greeting.
 */
export const ghosts = ({ reader }: { readonly reader?: Who } = {}): Script => ({
  outgoing: (frame, { name }, say) => {
    say(frame)
    if (frame.type === 'joined' && isAmong(name, reader))
      say({ ...frame, connection: GHOSTS + frame.connection })
  },
})

/**
 * When somebody has left, announces it once more and repeats everything that it ever showed.
 * The client should show nothing of it: none of that answers its present greeting.
 */
export const replayPresence = ({ reader }: { readonly reader?: Who } = {}): Script => {
  const recorded = new Map<string, { joined?: Joined; readonly said: Said[] }>()
  return {
    outgoing: (frame, { name, document = '' }, say) => {
      say(frame)
      if (!isAmong(name, reader) || !('connection' in frame)) return
      const key = `${name} ${document} ${frame.connection}`
      const record = recorded.get(key) ?? { said: [] }
      recorded.set(key, record)
      if (frame.type === 'joined') record.joined = frame
      if (frame.type === 'ephemeral') record.said.push(frame)
      if (frame.type !== 'left' || record.joined === undefined) return
      say(record.joined)
      for (const one of record.said) say(one)
    },
  }
}

/**
 * Hands on what each one shows under the connection number of whoever joined last, and the other way round.
 * The client should show none of it: author and session are not those of that connection.
 */
export const mixUpPresence = ({ reader }: { readonly reader?: Who } = {}): Script => {
  const joined = new Map<string, number[]>()
  return {
    outgoing: (frame, { name, document = '' }, say) => {
      const key = `${name} ${document}`
      const numbers = joined.get(key) ?? []
      joined.set(key, numbers)
      if (frame.type === 'joined') numbers.push(frame.connection)
      const other = numbers.filter((number) => 'connection' in frame && number !== frame.connection).at(-1)
      const isMixed = frame.type === 'ephemeral' && isAmong(name, reader) && other !== undefined
      say(isMixed ? { ...frame, connection: other } : frame)
    },
  }
}
