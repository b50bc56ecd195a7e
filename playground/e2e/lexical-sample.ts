/** The sample for Lexical in docs/editors.md, as it stands there, built into a page. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const ROOT = new URL('../..', import.meta.url).pathname

/** Around it: an editor, as Lexical's own documentation has it. */
const MAIN = `
import { LexicalCollaboration } from '@lexical/react/LexicalCollaborationContext'
import { LexicalComposer } from '@lexical/react/LexicalComposer'
import { ContentEditable } from '@lexical/react/LexicalContentEditable'
import { LexicalErrorBoundary } from '@lexical/react/LexicalErrorBoundary'
import { RichTextPlugin } from '@lexical/react/LexicalRichTextPlugin'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

const query = new URLSearchParams(location.search)
const { SharedText } = query.has('plain') ? await import('./plain.tsx') : await import('./stored.tsx')
const config = { namespace: 'sample', editorState: null, onError: (error) => { throw error } }

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <LexicalCollaboration>
      <LexicalComposer initialConfig={config}>
        <RichTextPlugin
          contentEditable={<ContentEditable data-testid="editor" />}
          ErrorBoundary={LexicalErrorBoundary}
        />
        <SharedText isNew={query.has('new')} />
      </LexicalComposer>
    </LexicalCollaboration>
  </StrictMode>,
)
`

/** What the reader's app has: a relay and a secret. */
const GIVEN = `
const fields = new URLSearchParams(location.hash.slice(1))
const relay = fields.get('relay')
const secret = fields.get('secret')
`

const PAGE =
  '<!doctype html><link rel="icon" href="data:," /><div id="root"></div><script type="module" src="/main.tsx"></script>'

const replaced = (code: string, what: string | RegExp, by: string): string => {
  const result = code.replace(what, by)
  if (result === code) throw new Error(`the sample has no ${what} any more`)
  return result
}

const readSample = (): string => {
  const page = readFileSync(join(ROOT, 'docs/editors.md'), 'utf8')
  const code = page.match(/^## Lexical\n[^#]*?^```tsx\n([\s\S]*?)^```/m)?.[1]
  if (code === undefined) throw new Error('docs/editors.md has no sample for Lexical any more')
  return `${replaced(code, "'wss://relay.example.com'", 'relay')}${GIVEN}export { SharedText }\n`
}

/** Its address takes `?plain` for the sample without a storage, and `?new` for who makes the room. */
export const buildLexicalSample = async (): Promise<{ readonly dist: string; remove(): void }> => {
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  // Within the repository, where its packages are found.
  const root = mkdtempSync(join(ROOT, '.cache', 'lexical-sample-'))
  const stored = readSample()
  const plain = replaced(
    stored,
    /\{\s+secret: \(\) =>[^{}]*?connect: false,\s+\}/,
    '{ secret, connect: false }',
  )
  const files = { 'index.html': PAGE, 'main.tsx': MAIN, 'stored.tsx': stored, 'plain.tsx': plain }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  const dist = join(root, 'dist')
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'development'
  try {
    await build({
      root,
      configFile: false,
      mode: 'development',
      logLevel: 'error',
      build: { minify: false, target: 'esnext' },
    })
  } finally {
    process.env.NODE_ENV = before
  }
  return { dist, remove: () => rmSync(root, { recursive: true, force: true }) }
}
