/** A third replica, which only listens: it knows what is on the relay's disk, as nothing is delivered before that. */
import { SealsyncProvider } from 'sealsync/yjs'
import { Doc } from 'yjs'
import type { Room } from '../src/room.ts'
import type { Agent } from './ancestors.ts'
import type { Counter } from './typing.ts'

export interface Observer {
  visible(agent: Agent): number
  close(): void
}

export const observe = (
  { url, secret, room }: Room,
  counter: Counter,
  onVisible: (agent: Agent, count: number) => void,
): Observer => {
  const doc = new Doc()
  const counts: [number, number] = [0, 0]
  doc.on('afterTransaction', () => {
    for (const agent of [0, 1] as const) {
      const count = counter.held(doc, agent)
      if (count === counts[agent]) continue
      counts[agent] = count
      onVisible(agent, count)
    }
  })
  const provider = new SealsyncProvider(url, room, doc, { secret, snapshot: false })
  return {
    visible: (agent) => counts[agent],
    close: () => {
      provider.destroy()
      doc.destroy()
    },
  }
}
