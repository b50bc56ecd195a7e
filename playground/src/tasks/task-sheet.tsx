import type { DocumentId } from '@automerge/automerge-repo'
import { useDocument } from '@automerge/automerge-repo-react-hooks'
import { type FormEvent, useRef, useState } from 'react'
import { addTask, type TaskList, tasksFrom } from './task-list.ts'
import { TaskRow } from './task-row.tsx'

interface TaskSheetProps {
  /** Of a document that is there. */
  readonly documentId: DocumentId
  readonly onTyped: (words: string) => void
}

/** The tasks, over a document like any other of automerge-repo. Nothing here knows of encryption: that is the point. */
export const TaskSheet = ({ documentId, onTyped }: TaskSheetProps) => {
  const [list, change] = useDocument<TaskList>(documentId)
  const [title, setTitle] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const tasks = tasksFrom(list)
  const done = tasks.filter((task) => task.done).length

  const add = (event: FormEvent): void => {
    event.preventDefault()
    const words = title.trim()
    if (words !== '') {
      change(addTask(crypto.randomUUID(), words))
      onTyped(words)
      setTitle('')
    }
    field.current?.focus()
  }
  return (
    <section className="sheet tasks" aria-label="Task list">
      <form onSubmit={add}>
        <input
          ref={field}
          value={title}
          aria-label="New task"
          placeholder="What is to be done?"
          autoComplete="off"
          onChange={(event) => setTitle(event.target.value)}
          data-testid="new-task"
        />
        <button type="submit" className="button primary">
          Add
        </button>
      </form>
      <ul aria-label="Tasks">
        {tasks.map((task) => (
          <TaskRow
            key={task.id}
            task={task}
            change={change}
            onTyped={onTyped}
            onDelete={() => field.current?.focus()}
          />
        ))}
      </ul>
      <p className="count" data-testid="count">
        {tasks.length === 0 ? 'Add a task, then open a second window.' : `${done} of ${tasks.length} done`}
      </p>
    </section>
  )
}
