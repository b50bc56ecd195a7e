import type { SyncStatus } from 'sealsync'

interface StatusProps {
  readonly syncStatus: SyncStatus
  readonly unsyncedChanges: number
}

const labelOf = ({ syncStatus, unsyncedChanges }: StatusProps): string => {
  switch (syncStatus) {
    case 'loading':
    case 'saving':
    case 'saved':
    case 'blocked':
      return syncStatus
    case 'offline':
    case 'paused':
      return `${syncStatus}, ${unsyncedChanges} pending`
    case 'readonly':
      return 'read only'
    case 'needs-key':
      return 'needs a key'
    case 'not-found':
      return 'not found'
  }
}

/** Whether what was typed is safe, in one or two words. */
export const Status = (props: StatusProps) => {
  // Between saving and saved it changes with every keystroke: nobody wants that read aloud.
  const isRoutine = props.syncStatus === 'saving' || props.syncStatus === 'saved'
  return (
    <p
      className={`status ${props.syncStatus}`}
      role="status"
      aria-live={isRoutine ? 'off' : 'polite'}
      data-testid="status"
    >
      {labelOf(props)}
    </p>
  )
}
