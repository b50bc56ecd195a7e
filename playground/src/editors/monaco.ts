import { editor } from 'monaco-editor/editor/editor.api.js'
import EditorWorker from 'monaco-editor/editor/editor.worker.js?worker'
import { MonacoBinding } from 'y-monaco'
import { showNames } from './monaco-names.ts'
import { LABELS, type Mount } from './mount.tsx'

globalThis.MonacoEnvironment = { getWorker: () => new EditorWorker() }

const dark = matchMedia('(prefers-color-scheme: dark)')

const follow = (): void => editor.setTheme(dark.matches ? 'vs-dark' : 'vs')

export const mount: Mount = (host, { doc, provider: { awareness } }) => {
  const model = editor.createModel('', 'plaintext')
  const view = editor.create(host, {
    model,
    automaticLayout: true,
    minimap: { enabled: false },
    wordWrap: 'on',
    fontSize: 15,
    padding: { top: 20, bottom: 20 },
    scrollBeyondLastLine: false,
    ariaLabel: LABELS['aria-label'],
  })
  follow()
  dark.addEventListener('change', follow)
  view.getDomNode()?.setAttribute('data-testid', LABELS['data-testid'])
  const binding = new MonacoBinding(doc.getText('monaco'), model, new Set([view]), awareness)
  // It draws nobody who was there before it, until they move.
  binding._rerenderDecorations()
  const hideNames = showNames(awareness)
  return () => {
    dark.removeEventListener('change', follow)
    hideNames()
    binding.destroy()
    view.dispose()
    model.dispose()
  }
}
