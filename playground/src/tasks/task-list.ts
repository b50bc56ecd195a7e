/** A task list as an Automerge document, and what can be done with it. */
import { updateText } from '@automerge/automerge-repo'

export interface Task {
  readonly id: string
  title: string
  done: boolean
}

export interface TaskList {
  tasks: Task[]
}

/** What a change function does to the document. */
export type Change = (list: TaskList) => void

export const addTask =
  (id: string, title: string): Change =>
  ({ tasks }) => {
    tasks.push({ id, title, done: false })
  }

export const tickTask =
  (id: string, done: boolean): Change =>
  ({ tasks }) => {
    const task = tasks.find((one) => one.id === id)
    if (task !== undefined) task.done = done
  }

/** Letter by letter: two people may rename one task at the same time. */
export const renameTask =
  (id: string, title: string): Change =>
  (list) => {
    const at = list.tasks.findIndex((one) => one.id === id)
    if (at !== -1) updateText(list, ['tasks', at, 'title'], title)
  }

export const deleteTask =
  (id: string): Change =>
  ({ tasks }) => {
    const at = tasks.findIndex((one) => one.id === id)
    if (at !== -1) tasks.splice(at, 1)
  }

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The document was perhaps written by a stranger's program: only what is a task is shown, each id once. */
export const tasksFrom = (list: unknown): readonly Readonly<Task>[] => {
  const { tasks } = isRecord(list) ? list : {}
  const byId = new Map<string, Task>()
  for (const entry of Array.isArray(tasks) ? tasks : []) {
    const { id, title, done } = isRecord(entry) ? entry : {}
    if (typeof id !== 'string' || typeof title !== 'string' || byId.has(id)) continue
    byId.set(id, { id, title, done: done === true })
  }
  return [...byId.values()]
}
