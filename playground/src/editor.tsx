import { Collaboration, isChangeOrigin } from '@tiptap/extension-collaboration'
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret'
import { EditorContent, type Editor as TiptapEditor, useEditor } from '@tiptap/react'
import { StarterKit } from '@tiptap/starter-kit'
import { FormatBar } from './format-bar.tsx'
import type { Person } from './person.ts'
import { FIELD, type Room } from './room.ts'

interface EditorProps {
  readonly room: Room
  /** How carets introduce this window at first; a later name travels by presence alone. */
  readonly person: Person
}

const WORDS_KEPT = 4

const wordsBeforeCaret = ({ state }: TiptapEditor): string => {
  const { parent, parentOffset } = state.selection.$from
  return parent.textBetween(0, parentOffset, ' ', ' ').trim().split(/\s+/).slice(-WORDS_KEPT).join(' ')
}

/** Tiptap over the shared document. Nothing here knows of encryption: that is the point. */
export const Editor = ({ room: { doc, provider, typed }, person }: EditorProps) => {
  const editor = useEditor(
    {
      extensions: [
        // Undo is Collaboration's: it takes back one's own edits only.
        // A trailing paragraph that every window adds by itself would come once from each of them.
        StarterKit.configure({ undoRedo: false, trailingNode: false, link: { openOnClick: false } }),
        Collaboration.configure({ document: doc, field: FIELD }),
        CollaborationCaret.configure({ provider, user: { ...person } }),
      ],
      editorProps: {
        attributes: {
          'aria-label': 'Shared document',
          'aria-multiline': 'true',
          role: 'textbox',
          'data-testid': 'editor',
        },
      },
      onUpdate: ({ editor, transaction }) => {
        if (!isChangeOrigin(transaction)) typed.push(wordsBeforeCaret(editor))
      },
    },
    [doc, provider],
  )
  return (
    <section className="sheet" aria-label="Editor">
      <FormatBar editor={editor} />
      <EditorContent editor={editor} />
    </section>
  )
}
