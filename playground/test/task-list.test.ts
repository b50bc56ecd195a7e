import { change, clone, from, merge } from '@automerge/automerge'
import { expect, test } from 'vitest'
import {
  addTask,
  deleteTask,
  renameTask,
  type TaskList,
  tasksFrom,
  tickTask,
} from '../src/tasks/task-list.ts'

const listOf = (...titles: readonly string[]) =>
  change(from<{ tasks: TaskList['tasks'] }>({ tasks: [] }), (list) => {
    for (const title of titles) addTask(title, title)(list)
  })

test('tasks are added, ticked, renamed and deleted by their ids', () => {
  const list = change(listOf('one', 'two', 'three'), (draft) => {
    tickTask('two', true)(draft)
    renameTask('three', '3')(draft)
    deleteTask('one')(draft)
  })
  expect(tasksFrom(list)).toEqual([
    { id: 'two', title: 'two', done: true },
    { id: 'three', title: '3', done: false },
  ])
})

test('what is done to a task that somebody has deleted does nothing', () => {
  const list = listOf('one')
  const same = change(list, (draft) => {
    tickTask('gone', true)(draft)
    renameTask('gone', 'back')(draft)
    deleteTask('gone')(draft)
  })
  expect(tasksFrom(same)).toEqual(tasksFrom(list))
})

test('two people rename one task at the same time, and both changes stay', () => {
  const ada = listOf('call Ben')
  const ben = change(clone(ada), renameTask('call Ben', 'call Ben today'))
  const merged = merge(change(ada, renameTask('call Ben', 'please call Ben')), ben)
  expect(tasksFrom(merged)[0]?.title).toBe('please call Ben today')
})

test('of a document that is no task list only what is a task is shown', () => {
  expect(tasksFrom(undefined)).toEqual([])
  expect(tasksFrom({ tasks: 'none' })).toEqual([])
  const entries = [null, 1, { id: 'a' }, { id: 'b', title: 'B', done: 'yes' }, { id: 'b', title: 'again' }]
  expect(tasksFrom({ tasks: entries })).toEqual([{ id: 'b', title: 'B', done: false }])
})
