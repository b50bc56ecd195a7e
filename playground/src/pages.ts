/** The pages of the playground: one for each CRDT. */
export type Page = 'editor' | 'tasks'

export const PAGES: readonly { readonly id: Page; readonly title: string; readonly path: string }[] = [
  { id: 'editor', title: 'Editor', path: '/' },
  { id: 'tasks', title: 'Tasks', path: '/tasks.html' },
]
