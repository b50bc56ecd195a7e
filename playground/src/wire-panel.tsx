import { useState, useSyncExternalStore } from 'react'
import { frameKindOf, isPresence } from './frame-kind.ts'
import { Hex } from './hex.tsx'
import { TextSearch } from './text-search.tsx'
import type { Frame, Wire } from './wire.ts'

const ARROWS = { sent: '↑', received: '↓' } as const

const SHOWN = 20
const PRESENCE_SHOWN = 2

/** The newest, newest first; few of presence, which would push all else out of sight. */
const choose = (frames: readonly Frame[]): readonly Frame[] => {
  let presences = 0
  return [...frames]
    .reverse()
    .filter(({ bytes }) => !isPresence(bytes) || ++presences <= PRESENCE_SHOWN)
    .slice(0, SHOWN)
}

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
export const WirePanel = ({ wire }: { readonly wire: Wire }) => {
  const frames = useSyncExternalStore(wire.frames.subscribe, wire.frames.getSnapshot)
  // Frames held still for reading; undefined while the list runs.
  const [held, setHeld] = useState<readonly Frame[]>()
  const kept = held ?? frames
  const shown = choose(kept)
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
        {shown.length} of the last {kept.length} frames between this window and the relay. The relay orders,
        stores and forwards them; names, carets and words were sealed before they left.
      </p>
      <TextSearch wire={wire} frames={kept} />
      <ol className="frames" aria-label="Frames, newest first">
        {shown.map((frame) => (
          <FrameRow key={frame.id} {...frame} />
        ))}
      </ol>
    </aside>
  )
}
