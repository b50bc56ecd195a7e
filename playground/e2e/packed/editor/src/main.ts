/** The first example of the README as an app, with carets. Relay and secret come with the link. */
import { Editor } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import CollaborationCaret from '@tiptap/extension-collaboration-caret'
import StarterKit from '@tiptap/starter-kit'
import { SealsyncProvider } from 'sealsync/yjs'
import * as Y from 'yjs'

const link = new URLSearchParams(location.hash.slice(1))
const ydoc = new Y.Doc()
const provider = new SealsyncProvider(link.get('relay') ?? '', 'my-room', ydoc, {
  secret: link.get('secret') ?? '',
})
provider.on('alarm', ({ kind, message }) => console.error(kind, message))

new Editor({
  element: document.querySelector('#editor'),
  extensions: [
    StarterKit.configure({ undoRedo: false }),
    Collaboration.configure({ document: ydoc }),
    CollaborationCaret.configure({ provider, user: { name: link.get('name') ?? '', color: '#225588' } }),
  ],
})
