import { useState } from 'react'
import type { SealsyncProvider } from 'sealsync/yjs'

/** Pulls the network out of this window, so that one can see what happens to edits then. */
export const Plug = ({ provider }: { readonly provider: SealsyncProvider }) => {
  const [isPulled, setPulled] = useState(false)
  const toggle = (): void => {
    if (isPulled) provider.connect()
    else provider.disconnect()
    setPulled(!isPulled)
  }
  return (
    <button type="button" className={isPulled ? 'button warn' : 'button'} onClick={toggle} data-testid="plug">
      {isPulled ? 'Plug back in' : 'Pull the plug'}
    </button>
  )
}
