import { useSyncExternalStore } from 'react'
import type { Log } from './log.ts'
import type { Alarm } from './room.ts'

/** What the provider has caught a relay, or another member, doing. On a good day there is nothing here. */
export const Alarms = ({ alarms }: { readonly alarms: Log<Alarm> }) => {
  const entries = useSyncExternalStore(alarms.subscribe, alarms.getSnapshot)
  return (
    <ul className="alarms" aria-label="Alarms" aria-live="assertive">
      {entries.map(({ id, kind, message }) => (
        <li key={id} data-testid="alarm">
          <strong>{kind}</strong> {message}
        </li>
      ))}
    </ul>
  )
}
