import { useState } from 'react'

interface PlugProps {
  /** What can be pulled out: a provider, or a line to the relay. */
  readonly line: { connect(): void; disconnect(): void }
}

/** Pulls the network out of this window, so that one can see what happens to edits then. */
export const Plug = ({ line }: PlugProps) => {
  const [isPulled, setPulled] = useState(false)
  const toggle = (): void => {
    if (isPulled) line.connect()
    else line.disconnect()
    setPulled(!isPulled)
  }
  return (
    <button type="button" className={isPulled ? 'button warn' : 'button'} onClick={toggle} data-testid="plug">
      {isPulled ? 'Plug back in' : 'Pull the plug'}
    </button>
  )
}
