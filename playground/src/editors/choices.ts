/** The editors to pick from, each loaded only when it is picked. */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import { componentOf, type EditorProps, type Mount } from './mount.tsx'

export interface Choice {
  readonly id: string
  readonly title: string
  readonly Editor: LazyExoticComponent<ComponentType<EditorProps>>
  /** It connects the provider itself, and must see all content arrive. */
  readonly connects?: boolean
}

const plain = (load: () => Promise<{ readonly mount: Mount }>): Choice['Editor'] =>
  lazy(async () => ({ default: componentOf((await load()).mount) }))

const react = (load: () => Promise<{ readonly Editor: ComponentType<EditorProps> }>): Choice['Editor'] =>
  lazy(async () => ({ default: (await load()).Editor }))

const CODEMIRROR: Choice = {
  id: 'codemirror',
  title: 'CodeMirror',
  Editor: plain(() => import('./codemirror.ts')),
}

export const CHOICES: readonly Choice[] = [
  CODEMIRROR,
  { id: 'prosemirror', title: 'ProseMirror', Editor: plain(() => import('./prosemirror.ts')) },
  { id: 'tiptap', title: 'Tiptap', Editor: react(() => import('../editor.tsx')) },
  { id: 'blocknote', title: 'BlockNote', Editor: react(() => import('./blocknote.tsx')) },
  { id: 'lexical', title: 'Lexical', Editor: react(() => import('./lexical.tsx')), connects: true },
  { id: 'quill', title: 'Quill', Editor: plain(() => import('./quill.ts')) },
  { id: 'monaco', title: 'Monaco', Editor: plain(() => import('./monaco.ts')) },
]

/** Which one the address of this window names. */
export const choiceFrom = (search: string): Choice => {
  const id = new URLSearchParams(search).get('editor')
  return CHOICES.find((choice) => choice.id === id) ?? CODEMIRROR
}
