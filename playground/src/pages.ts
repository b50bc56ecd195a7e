/** The pages of the playground. */
export type Page = 'editor' | 'editors' | 'tasks'

export const PAGES: readonly { readonly id: Page; readonly title: string; readonly path: string }[] = [
  { id: 'editor', title: 'Editor', path: '/' },
  { id: 'editors', title: 'More editors', path: '/editors.html' },
  { id: 'tasks', title: 'Tasks', path: '/tasks.html' },
]
