import { useSyncExternalStore } from 'react'
import type { AlarmLog } from './alarm-log.ts'

/** What has been caught of a relay, or of another member. On a good day there is nothing here. */
export const Alarms = ({ alarms }: { readonly alarms: AlarmLog }) => {
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
