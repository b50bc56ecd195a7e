import { RepoContext } from '@automerge/automerge-repo-react-hooks'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { keepLink } from '../last-link.ts'
import { Problem } from '../problem.tsx'
import { TaskApp } from './task-app.tsx'
import { open } from './task-opening.ts'
import '../theme.css'
import '../page.css'
import '../bar.css'
import '../notices.css'
import '../wire.css'
import './tasks.css'

// Another link pasted into the address bar is another list; a fresh page is the honest way there.
addEventListener('hashchange', () => location.reload())

const root = document.getElementById('root')
if (root === null) throw new Error('tasks.html has no #root')

const opening = await open()
if (opening.type === 'open') keepLink('tasks')
createRoot(root).render(
  <StrictMode>
    {opening.type === 'open' ? (
      <RepoContext.Provider value={opening.room.repo}>
        <TaskApp room={opening.room} />
      </RepoContext.Provider>
    ) : (
      <Problem {...opening.problem} />
    )}
  </StrictMode>,
)
