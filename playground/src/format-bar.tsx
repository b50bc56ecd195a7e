import { type ChainedCommands, type Editor, useEditorState } from '@tiptap/react'

interface Format {
  readonly label: string
  readonly sign: string
  readonly run: (chain: ChainedCommands) => ChainedCommands
  readonly isActive?: (editor: Editor) => boolean
}

const FORMATS: readonly Format[] = [
  { label: 'Bold', sign: 'B', run: (to) => to.toggleBold(), isActive: (editor) => editor.isActive('bold') },
  {
    label: 'Italic',
    sign: 'I',
    run: (to) => to.toggleItalic(),
    isActive: (editor) => editor.isActive('italic'),
  },
  { label: 'Code', sign: '</>', run: (to) => to.toggleCode(), isActive: (editor) => editor.isActive('code') },
  {
    label: 'Heading',
    sign: 'H',
    run: (to) => to.toggleHeading({ level: 2 }),
    isActive: (editor) => editor.isActive('heading', { level: 2 }),
  },
  {
    label: 'Bullet list',
    sign: '•',
    run: (to) => to.toggleBulletList(),
    isActive: (editor) => editor.isActive('bulletList'),
  },
  {
    label: 'Quote',
    sign: '”',
    run: (to) => to.toggleBlockquote(),
    isActive: (editor) => editor.isActive('blockquote'),
  },
  { label: 'Undo', sign: '↺', run: (to) => to.undo() },
  { label: 'Redo', sign: '↻', run: (to) => to.redo() },
]

export const FormatBar = ({ editor }: { readonly editor: Editor }) => {
  const active = useEditorState({
    editor,
    selector: ({ editor: current }) => FORMATS.map(({ isActive }) => isActive?.(current) ?? false),
  })
  return (
    <div className="formats" role="toolbar" aria-label="Format">
      {FORMATS.map(({ label, sign, run, isActive }, index) => (
        <button
          key={label}
          type="button"
          title={label}
          aria-label={label}
          aria-pressed={isActive && active[index]}
          // The editor keeps its selection, and a phone its keyboard.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => run(editor.chain().focus()).run()}
        >
          {sign}
        </button>
      ))}
    </div>
  )
}
