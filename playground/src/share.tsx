import { useEffect, useState } from 'react'

type Copy = 'idle' | 'copied' | 'failed'

const LABELS = { idle: 'Copy link', copied: 'Link copied', failed: 'Copy it from the address bar' } as const
const SHOWN_MS = 2500

/** The two ways to bring somebody in. The link is the key: whoever has it can read and write. */
export const Share = () => {
  const [copy, setCopy] = useState<Copy>('idle')
  useEffect(() => {
    if (copy === 'idle') return
    const timer = setTimeout(() => setCopy('idle'), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copy])

  const copyLink = (): void => {
    navigator.clipboard.writeText(location.href).then(
      () => setCopy('copied'),
      () => setCopy('failed'),
    )
  }
  // noopener also gives the new window a session storage of its own, hence a name of its own.
  const openSecond = (): void => {
    window.open(location.href, '_blank', 'noopener,popup,width=1000,height=800')
  }
  return (
    <>
      <button type="button" className="button" onClick={copyLink} aria-live="polite" data-testid="copy-link">
        {LABELS[copy]}
      </button>
      <button type="button" className="button primary" onClick={openSecond} data-testid="second-window">
        Open second window
      </button>
      <p className="note">Whoever has the link can read and write. What follows # never reaches a server.</p>
    </>
  )
}
