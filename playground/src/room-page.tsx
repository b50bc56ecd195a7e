import { type ReactNode, useEffect, useState } from 'react'
import { useSealsyncStatus } from 'sealsync-react'
import { Alarms } from './alarms.tsx'
import type { Page } from './pages.ts'
import { loadPerson, type Person, savePerson } from './person.ts'
import { Plug } from './plug.tsx'
import { Presence } from './presence.tsx'
import { Problem } from './problem.tsx'
import type { Room } from './room.ts'
import { Share } from './share.tsx'
import { Status } from './status.tsx'
import { Tabs } from './tabs.tsx'
import { WirePanel } from './wire-panel.tsx'

interface RoomPageProps {
  readonly page: Page
  readonly room: Room
  /** Whether anything was written that is worth reading when the relay has lost it. */
  readonly hasText: (room: Room) => boolean
  readonly children: (person: Person) => ReactNode
}

/** All around an editor: who is here, whether it is saved, and what the relay sees. */
export const RoomPage = ({ page, room, hasText, children }: RoomPageProps) => {
  const { provider, relayUrl } = room
  const { syncStatus, unsyncedChanges, reason } = useSealsyncStatus(provider)
  const [person, setPerson] = useState(loadPerson)

  useEffect(() => provider.awareness.setLocalStateField('user', person), [provider, person])
  const change = (changed: Person): void => setPerson(savePerson(changed))

  const isUnknown = syncStatus === 'not-found'

  return (
    <div className="page">
      <header className="bar">
        <h1>
          <img src="/seal.svg" alt="" width="28" height="28" />
          sealsync
        </h1>
        <Tabs page={page} />
        <Status syncStatus={syncStatus} unsyncedChanges={unsyncedChanges} />
        <Presence provider={provider} person={person} onChange={change} />
      </header>
      <main>
        {isUnknown ? (
          <Problem
            title="Nothing is kept under this link"
            text={`The relay at ${relayUrl} has no document for this room and secret. Either the link is wrong, or it was made with another relay, or this one has lost it.`}
            remedy="Copy the whole link again from a window where the room is open, and start this page with the same relay. If the room was open here before, trying again brings back what this browser has of it."
          />
        ) : (
          <nav className="actions" aria-label="Room">
            <Plug line={provider} />
            <Share />
          </nav>
        )}
        {(syncStatus === 'blocked' || syncStatus === 'needs-key') && (
          <p className="notice" role="alert">
            What you write stays in this window: {reason ?? 'the relay does not take it'}.
          </p>
        )}
        {/* Words that a relay has lost are still worth reading, and copying. */}
        {(!isUnknown || hasText(room)) && children(person)}
        <Alarms alarms={room.alarms} />
      </main>
      <WirePanel wire={room} />
    </div>
  )
}
