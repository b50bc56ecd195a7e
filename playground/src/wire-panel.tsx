import { useState, useSyncExternalStore } from 'react'
import { frameKindOf } from './frame-kind.ts'
import { Hex } from './hex.tsx'
import type { Frame, Room } from './room.ts'
import { TextSearch } from './text-search.tsx'

const ARROWS = { sent: '↑', received: '↓' } as const

const FrameRow = ({ direction, bytes }: Frame) => {
  const { name, meaning } = frameKindOf(bytes)
  return (
    <li className={`frame ${direction}`} data-testid="frame">
      <p>
        <span className="arrow" title={direction}>
          <span aria-hidden="true">{ARROWS[direction]}</span>
          <span className="for-readers">{direction}</span>
        </span>
        <strong>{name}</strong>
        <span className="size">{bytes.length.toLocaleString('en')} bytes</span>
      </p>
      <p className="meaning">{meaning}</p>
      <Hex bytes={bytes} />
    </li>
  )
}

/** The wire in view: the very bytes that this window has sent to the relay and got from it. */
export const WirePanel = ({ room }: { readonly room: Room }) => {
  const frames = useSyncExternalStore(room.frames.subscribe, room.frames.getSnapshot)
  // Frames held still for reading; undefined while the list runs.
  const [held, setHeld] = useState<readonly Frame[]>()
  const shown = held ?? frames
  return (
    <aside className="wire" aria-labelledby="wire-title" data-testid="wire">
      <header>
        <h2 id="wire-title">What the relay sees</h2>
        <button
          type="button"
          className="button small"
          aria-pressed={held !== undefined}
          onClick={() => setHeld(held === undefined ? frames : undefined)}
        >
          {held === undefined ? 'Hold still' : 'Let run'}
        </button>
      </header>
      <p className="lead">
        The last {shown.length} frames between this window and the relay, byte for byte. It orders, stores and
        forwards them. Names, carets and text are sealed before they get here.
      </p>
      <TextSearch room={room} frames={shown} />
      <ol className="frames" aria-label="Frames, newest first">
        {[...shown].reverse().map((frame) => (
          <FrameRow key={frame.id} {...frame} />
        ))}
      </ol>
    </aside>
  )
}
