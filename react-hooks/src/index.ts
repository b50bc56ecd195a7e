/**
 * `sealsync-react`: what a sealsync provider shows, as React state. Nothing is opened while rendering: make the
 * provider outside of React or in an effect, and pass it in; until then pass `null`.
 *
 * @packageDocumentation
 */
export type { Awareness, Doc } from 'sealsync/yjs'
export { isShallowEqual } from './shallow.ts'
export { type PresentClient, usePresence } from './use-presence.ts'
export { type SealsyncStatus, useSealsyncStatus } from './use-sealsync-status.ts'
