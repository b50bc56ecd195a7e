/** One window with a task list as its reader sees it. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { PATIENCE, type Window, windowOf } from './window.ts'

export interface TaskWindow
  extends Pick<Window, 'page' | 'says' | 'sees' | 'seesColors' | 'plug' | 'rename' | 'keepsUnsent'> {
  /** Types a title and presses Enter. */
  add(title: string): Promise<void>
  /** Titles in their order; `✓` before those that are done. */
  tasks(): Promise<readonly string[]>
  /** Waits until exactly these are shown. */
  shows(...tasks: readonly string[]): Promise<void>
  tick(title: string): Promise<void>
  retitle(title: string, next: string): Promise<void>
  remove(title: string): Promise<void>
  /** All keys and values of all databases of this browser, as text of one byte a character. */
  stored(): Promise<string>
}

export const taskWindowOf = (page: Page): TaskWindow => {
  const { says, sees, seesColors, plug, rename, keepsUnsent } = windowOf(page)
  const tasks = (): Promise<readonly string[]> =>
    page.getByTestId('task').evaluateAll((rows) =>
      rows.map((row) => {
        const [tick, title] = row.querySelectorAll('input')
        return `${tick?.checked ? '✓ ' : ''}${title?.value}`
      }),
    )
  return {
    page,
    says,
    sees,
    seesColors,
    plug,
    rename,
    keepsUnsent,
    add: async (title) => {
      const field = page.getByRole('textbox', { name: 'New task' })
      await field.fill(title)
      await field.press('Enter')
    },
    tasks,
    shows: (...expected) => expect.poll(tasks, PATIENCE).toEqual(expected),
    tick: (title) => page.getByRole('checkbox', { name: `${title}: done` }).click(),
    retitle: async (title, next) => {
      const at = (await tasks()).findIndex((task) => task.replace('✓ ', '') === title)
      await page.getByRole('textbox', { name: 'Title' }).nth(at).fill(next)
    },
    remove: (title) => page.getByRole('button', { name: `Delete ${title}` }).click(),
    stored: () => page.evaluate(dump),
  }
}

/** Runs in the page. */
const dump = async (): Promise<string> => {
  const textOf = (value: unknown): string => {
    if (value instanceof ArrayBuffer) return textOf(new Uint8Array(value))
    if (value instanceof Uint8Array) return Array.from(value, (byte) => String.fromCharCode(byte)).join('')
    if (Array.isArray(value)) return value.map(textOf).join('\n')
    if (typeof value === 'object' && value !== null) return Object.entries(value).map(textOf).join('\n')
    return String(value)
  }
  const all = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const texts: string[] = []
  for (const { name = '' } of await indexedDB.databases()) {
    const database = await all(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      const objects = database.transaction(store).objectStore(store)
      texts.push(name, store, textOf(await all(objects.getAllKeys())), textOf(await all(objects.getAll())))
    }
    database.close()
  }
  return texts.join('\n')
}
