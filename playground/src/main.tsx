import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { keepLink } from './last-link.ts'
import { open } from './opening.ts'
import { Problem } from './problem.tsx'
import './theme.css'
import './page.css'
import './bar.css'
import './notices.css'
import './editor.css'
import './wire.css'

// Another link pasted into the address bar is another room; a fresh page is the honest way there.
addEventListener('hashchange', () => location.reload())

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

const opening = await open()
if (opening.type === 'open') keepLink('editor')
createRoot(root).render(
  <StrictMode>
    {opening.type === 'open' ? <App room={opening.room} /> : <Problem {...opening.problem} />}
  </StrictMode>,
)
