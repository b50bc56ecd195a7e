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
  /** The strokes of these carets, in the same order. Without it, they are where the names are. */
  readonly strokes?: string
}

const LOOKS = {
  codemirror: {
    lines: '.cm-line',
    within: '.cm-ySelectionCaret',
    names: '.cm-ySelectionInfo',
    strokes: '.cm-ySelectionCaret',
  },
  prosemirror: {
    lines: '.ProseMirror > p',
    within: '.ProseMirror-yjs-cursor',
    names: '.ProseMirror-yjs-cursor > div',
    strokes: '.ProseMirror-yjs-cursor',
  },
  tiptap: {
    lines: '.tiptap > p',
    within: '.collaboration-carets__caret',
    names: '.collaboration-carets__label',
    strokes: '.collaboration-carets__caret',
  },
  blocknote: {
    lines: '.bn-editor .bn-inline-content',
    within: '.bn-collaboration-cursor__base',
    names: '.bn-collaboration-cursor__label',
    strokes: '.bn-collaboration-cursor__caret',
  },
  lexical: {
    lines: '[data-lexical-editor] > p',
    names: '.carets span > span:not(:empty)',
    strokes: '.carets span:has(> span:not(:empty))',
  },
  quill: { lines: '.ql-editor > p', names: '.ql-cursor-name', strokes: '.ql-cursor-caret' },
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
  extends Pick<Window, 'page' | 'focusEnd' | 'type' | 'insert' | 'says' | 'sees' | 'seesColors' | 'rename'> {
  /** Pulls the plug, or puts it back, and leaves the caret where it is: a click would take it out of the editor. */
  plug(): Promise<void>
  /** The document without the carets in it, its lines joined: BlockNote begins a new one where others go on. */
  text(): Promise<string>
  /** Waits until the document has this in it. */
  shows(text: string): Promise<void>
  /** Waits until the carets of these people, and no others, are drawn. */
  seesCaretsOf(...names: readonly string[]): Promise<void>
  /** Waits until the caret of somebody of this name stands right after these words. */
  seesCaretAfter(name: string, words: string): Promise<void>
}

export const editorWindowOf = (page: Page, id: EditorId): EditorWindow => {
  const { focusEnd, type, insert, says, sees, seesColors, rename } = windowOf(page)
  const look: Look = LOOKS[id]
  const text = async (): Promise<string> => {
    const lines = await page.locator(look.lines).evaluateAll(textsOf, look.within)
    return lines.join('')
  }
  return {
    page,
    focusEnd,
    type,
    insert,
    says,
    sees,
    seesColors,
    plug: () => page.getByTestId('plug').dispatchEvent('click'),
    rename,
    text,
    shows: (words) => expect.poll(text, PATIENCE).toContain(words),
    seesCaretsOf: (...names) =>
      expect
        .poll(async () => (await page.evaluate(caretsOf, look)).map(({ name }) => name).sort(), PATIENCE)
        .toEqual([...names].sort()),
    seesCaretAfter: (name, words) =>
      expect
        .poll(async () => {
          const carets = await page.evaluate(caretsOf, look)
          return carets
            .filter((caret) => caret.name === name)
            .map(({ after }) => after.endsWith(words) || after)
        }, PATIENCE)
        .toEqual([true]),
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

interface Caret {
  readonly name: string
  /** What is written left of it on its line, measured on the screen. */
  readonly after: string
}

/** Runs in the page. */
const caretsOf = ({ lines, within, names, strokes }: Look): readonly Caret[] => {
  // Its own width, and that of its neighbours: half a letter is more.
  const nearPx = 3
  const letters = [...document.querySelectorAll(lines)].flatMap((line) => {
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT)
    const found: { readonly letter: string; readonly box: DOMRect }[] = []
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (within !== undefined && node.parentElement?.closest(within)) continue
      for (const [i, letter] of [...(node.textContent ?? '')].entries()) {
        if (/[\u2060\ufeff]/.test(letter)) continue
        const range = document.createRange()
        range.setStart(node, i)
        range.setEnd(node, i + 1)
        found.push({ letter: letter === '\u00a0' ? ' ' : letter, box: range.getBoundingClientRect() })
      }
    }
    return found
  })
  const before = ({ left, top, bottom }: DOMRect): string => {
    const middle = (top + bottom) / 2
    const there = letters.filter(
      ({ box }) => box.top < middle && middle < box.bottom && (box.left + box.right) / 2 < left,
    )
    const gapPx = left - (there.at(-1)?.box.right ?? left)
    const text = there.map(({ letter }) => letter).join('')
    return Math.abs(gapPx) <= nearPx ? text : `${text}, and ${gapPx} px on`
  }
  const drawn = [...document.querySelectorAll(strokes ?? names)]
  return [...document.querySelectorAll(names)].map((label, i) => ({
    // Monaco's names are drawn by a style sheet.
    name: label.textContent || getComputedStyle(label, '::after').content.replaceAll('"', ''),
    after: before((drawn[i] ?? label).getBoundingClientRect()),
  }))
}
