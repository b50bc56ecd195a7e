import type { Change, Task } from './task-list.ts'
import { deleteTask, renameTask, tickTask } from './task-list.ts'

interface TaskRowProps {
  readonly task: Readonly<Task>
  readonly change: (change: Change) => void
  readonly onTyped: (words: string) => void
  /** The row is about to go, and the focus with it. */
  readonly onDelete: () => void
}

export const TaskRow = ({ task: { id, title, done }, change, onTyped, onDelete }: TaskRowProps) => {
  const rename = (next: string): void => {
    change(renameTask(id, next))
    onTyped(next)
  }
  const remove = (): void => {
    onDelete()
    change(deleteTask(id))
  }
  return (
    <li className={done ? 'task done' : 'task'} data-testid="task">
      <input
        type="checkbox"
        checked={done}
        aria-label={`${title}: done`}
        onChange={(event) => change(tickTask(id, event.target.checked))}
      />
      <input
        className="title"
        value={title}
        aria-label="Title"
        autoComplete="off"
        onChange={(event) => rename(event.target.value)}
      />
      <button type="button" className="button small" aria-label={`Delete ${title}`} onClick={remove}>
        Delete
      </button>
    </li>
  )
}
