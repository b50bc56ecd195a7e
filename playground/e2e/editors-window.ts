/** One window with one of many editors as its reader sees it. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { PATIENCE, type Window, windowOf } from './window.ts'

/** Where an editor shows what. */
interface Look {
  readonly lines: string
  /** Carets that stand within a line, and are no text. */
  readonly within?: string
  /** The names at the carets of others. */
  readonly names: string
}

const LOOKS = {
  codemirror: { lines: '.cm-line', within: '.cm-ySelectionCaret', names: '.cm-ySelectionInfo' },
  prosemirror: {
    lines: '.ProseMirror > p',
    within: '.ProseMirror-yjs-cursor',
    names: '.ProseMirror-yjs-cursor > div',
  },
  tiptap: {
    lines: '.tiptap > p',
    within: '.collaboration-carets__caret',
    names: '.collaboration-carets__label',
  },
  blocknote: {
    lines: '.bn-editor .bn-inline-content',
    within: '.bn-collaboration-cursor__base',
    names: '.bn-collaboration-cursor__label',
  },
  lexical: { lines: '[data-lexical-editor] > p', names: '.carets span > span' },
  quill: { lines: '.ql-editor > p', names: '.ql-cursor-name' },
  monaco: { lines: '.view-line', names: '.yRemoteSelectionHead' },
} as const satisfies Record<string, Look>

export type EditorId = keyof typeof LOOKS

export const EDITOR_IDS: readonly EditorId[] = [
  'codemirror',
  'prosemirror',
  'tiptap',
  'blocknote',
  'lexical',
  'quill',
  'monaco',
]

export interface EditorWindow
  extends Pick<Window, 'page' | 'type' | 'insert' | 'says' | 'sees' | 'plug' | 'rename'> {
  /** The document without the carets in it, its lines joined: BlockNote begins a new one where others go on. */
  text(): Promise<string>
  /** Waits until the document has this in it. */
  shows(text: string): Promise<void>
  /** Waits until the caret of somebody of this name is drawn. */
  seesCaretOf(name: string): Promise<void>
}

export const editorWindowOf = (page: Page, id: EditorId): EditorWindow => {
  const { type, insert, says, sees, plug, rename } = windowOf(page)
  const look: Look = LOOKS[id]
  const text = async (): Promise<string> => {
    const lines = await page.locator(look.lines).evaluateAll(textsOf, look.within)
    return lines.join('')
  }
  return {
    page,
    type,
    insert,
    says,
    sees,
    plug,
    rename,
    text,
    shows: (words) => expect.poll(text, PATIENCE).toContain(words),
    seesCaretOf: (name) =>
      expect.poll(() => page.locator(look.names).evaluateAll(namesOf), PATIENCE).toContain(name),
  }
}

/** Runs in the page. */
const textsOf = (lines: readonly Element[], within: string | undefined): readonly string[] =>
  lines.map((line) => {
    const copy = line.cloneNode(true)
    if (!(copy instanceof Element)) return ''
    if (within !== undefined) for (const caret of copy.querySelectorAll(within)) caret.remove()
    // Word joiners stand around carets; some editors draw a blank as one that does not break.
    return (copy.textContent ?? '').replaceAll(/[\u2060\ufeff]/g, '').replaceAll('\u00a0', ' ')
  })

/** Runs in the page. Monaco's names are drawn by a style sheet. */
const namesOf = (carets: readonly Element[]): readonly string[] =>
  carets.map((caret) => caret.textContent || getComputedStyle(caret, '::after').content.replaceAll('"', ''))
