/** What has been caught of a relay, or of another member, for the page to show. */
import { createLog, type Log } from './log.ts'

interface Alarm {
  readonly id: number
  readonly kind: string
  readonly message: string
}

export interface AlarmLog extends Log<Alarm> {
  warn(kind: string, message: string): void
}

const KEPT = 10

export const createAlarmLog = (): AlarmLog => {
  const log = createLog<Alarm>(KEPT)
  let count = 0
  return { ...log, warn: (kind, message) => log.push({ id: ++count, kind, message }) }
}
