import { useState } from 'react'
import { Alarms } from '../alarms.tsx'
import { loadPerson, type Person, savePerson } from '../person.ts'
import { Plug } from '../plug.tsx'
import { Problem } from '../problem.tsx'
import { Share } from '../share.tsx'
import { Status } from '../status.tsx'
import { Tabs } from '../tabs.tsx'
import { WirePanel } from '../wire-panel.tsx'
import { TaskPresence } from './task-presence.tsx'
import type { TaskRoom } from './task-room.ts'
import { TaskSheet } from './task-sheet.tsx'
import { useDocumentStatus } from './use-document-status.ts'
import { useIsReady } from './use-is-ready.ts'

export const TaskApp = ({ room }: { readonly room: TaskRoom }) => {
  const { adapter, handle, relayUrl, line } = room
  const {
    syncStatus = 'loading',
    unsyncedChanges = 0,
    isNew = false,
    reason,
  } = useDocumentStatus(adapter, handle.documentId) ?? {}
  const isReady = useIsReady(handle)
  const [person, setPerson] = useState(loadPerson)
  const change = (changed: Person): void => setPerson(savePerson(changed))

  const isUnknown = !isReady && isNew

  return (
    <div className="page">
      <header className="bar">
        <h1>
          <img src="/seal.svg" alt="" width="28" height="28" />
          sealsync
        </h1>
        <Tabs page="tasks" />
        <Status syncStatus={isUnknown ? 'not-found' : syncStatus} unsyncedChanges={unsyncedChanges} />
        {isReady && <TaskPresence handle={handle} person={person} onChange={change} />}
      </header>
      <main>
        {isUnknown ? (
          <Problem
            title="Nothing is kept under this link"
            text={`The relay at ${relayUrl} has no task list for this link. Either the link is wrong, or it was made with another relay, or this one has lost it.`}
            remedy="Copy the whole link again from a window where the list is open, and start this page with the same relay."
          />
        ) : (
          <nav className="actions" aria-label="Room">
            <Plug line={line} />
            <Share />
          </nav>
        )}
        {(syncStatus === 'blocked' || syncStatus === 'needs-key') && (
          <p className="notice" role="alert">
            What you write stays in this window: {reason ?? 'the relay does not take it'}.
          </p>
        )}
        {isReady && <TaskSheet documentId={handle.documentId} onTyped={room.typed.push} />}
        {!isReady && !isUnknown && <p className="opening">Waiting for the list …</p>}
        <Alarms alarms={room.alarms} />
      </main>
      <WirePanel wire={room} />
    </div>
  )
}
