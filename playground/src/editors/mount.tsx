import { type ComponentType, useEffect, useRef } from 'react'
import type { Person } from '../person.ts'
import type { Room } from '../room.ts'

export interface EditorProps {
  readonly room: Room
  /** How carets introduce this window at first; a later name travels by presence alone. */
  readonly person: Person
  /** This window has just made the room: whoever must write a first line may. */
  readonly isNew: boolean
}

/** Puts an editor into an element; returns how to take it out again. */
export type Mount = (host: HTMLElement, room: Room) => () => void

/** An editor that knows nothing of React, as a component. */
export const componentOf =
  (mount: Mount): ComponentType<EditorProps> =>
  ({ room }) => {
    const host = useRef<HTMLDivElement>(null)
    useEffect(() => (host.current === null ? undefined : mount(host.current, room)), [room])
    return <div ref={host} />
  }

/** What end-to-end tests and screen readers find every editor by. */
export const LABELS = {
  'aria-label': 'Shared document',
  'aria-multiline': 'true',
  role: 'textbox',
  'data-testid': 'editor',
} as const
