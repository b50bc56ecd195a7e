import type { DocHandle } from '@automerge/automerge-repo'
import { usePresence, useRepo } from '@automerge/automerge-repo-react-hooks'
import { useEffect } from 'react'
import { People } from '../people.tsx'
import { type Person, personFrom } from '../person.ts'
import type { TaskList } from './task-list.ts'

interface TaskPresenceProps {
  readonly handle: DocHandle<TaskList>
  readonly person: Person
  readonly onChange: (person: Person) => void
}

/** How often one says that one is still here, and how long one is believed: closed laptops say no goodbye. */
const TIMES = { heartbeatMs: 5_000, peerTtlMs: 15_000 } as const

/** Who is here, as automerge-repo's own presence tells. */
export const TaskPresence = ({ handle, person, onChange }: TaskPresenceProps) => {
  const { peerId: id } = useRepo()
  const { peerStates, update, start, stop } = usePresence<{ user: Person }>({
    handle,
    initialState: { user: person },
    ...TIMES,
  })

  useEffect(() => update('user', person), [update, person])
  // A window that is closed does not unmount anything; one that comes back from the history goes on.
  useEffect(() => {
    const onHide = (): void => stop()
    const onShow = (): void => start()
    addEventListener('pagehide', onHide)
    addEventListener('pageshow', onShow)
    return () => {
      removeEventListener('pagehide', onHide)
      removeEventListener('pageshow', onShow)
    }
  }, [start, stop])

  const others = Object.values(peerStates.getStates()).map(({ peerId, value }) => ({
    id: peerId,
    ...personFrom(value.user),
  }))
  return <People others={others} self={{ id, ...person }} onChange={onChange} />
}
