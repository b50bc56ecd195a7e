import Quill from 'quill'
import QuillCursors from 'quill-cursors'
import 'quill/dist/quill.snow.css'
import { QuillBinding } from 'y-quill'
import { LABELS, type Mount } from './mount.tsx'

Quill.register('modules/cursors', QuillCursors)

const TOOLBAR = [[{ header: [2, 3, false] }], ['bold', 'italic', 'underline', 'code'], [{ list: 'bullet' }]]

export const mount: Mount = (host, { doc, provider }) => {
  const place = document.createElement('div')
  host.append(place)
  const quill = new Quill(place, {
    theme: 'snow',
    placeholder: 'Type here, then open a second window.',
    // Undo takes back one's own edits only.
    modules: { cursors: true, toolbar: TOOLBAR, history: { userOnly: true } },
  })
  for (const [name, value] of Object.entries(LABELS)) quill.root.setAttribute(name, value)
  const binding = new QuillBinding(doc.getText('quill'), quill, provider.awareness)
  return () => {
    binding.destroy()
    host.replaceChildren()
  }
}
