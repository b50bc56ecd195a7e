import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { keepLink } from '../last-link.ts'
import { open } from '../opening.ts'
import { Problem } from '../problem.tsx'
import { choiceFrom } from './choices.ts'
import { EditorsApp } from './editors-app.tsx'
import '../theme.css'
import '../page.css'
import '../bar.css'
import '../notices.css'
import '../editor.css'
import '../wire.css'
import './editors.css'

// Another link pasted into the address bar is another room; a fresh page is the honest way there.
addEventListener('hashchange', () => location.reload())

const root = document.getElementById('root')
if (root === null) throw new Error('editors.html has no #root')

const choice = choiceFrom(location.search)
const opening = await open(choice.connects)
if (opening.type === 'open') keepLink('editors')
createRoot(root).render(
  <StrictMode>
    {opening.type === 'open' ? (
      <EditorsApp room={opening.room} isNew={opening.isNew} choice={choice} />
    ) : (
      <Problem {...opening.problem} />
    )}
  </StrictMode>,
)
