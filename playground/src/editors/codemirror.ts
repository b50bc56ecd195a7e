import { EditorState } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import { basicSetup } from 'codemirror'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import { LABELS, type Mount } from './mount.tsx'

export const mount: Mount = (host, { doc, provider }) => {
  const text = doc.getText('codemirror')
  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        // Before the history of the setup: undo takes back one's own edits only.
        keymap.of(yUndoManagerKeymap),
        basicSetup,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of(LABELS),
        yCollab(text, provider.awareness),
      ],
    }),
  })
  return () => view.destroy()
}
