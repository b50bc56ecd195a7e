import { withCollaboration } from '@blocknote/core/yjs'
import { BlockNoteView } from '@blocknote/mantine'
import '@blocknote/mantine/style.css'
import { useCreateBlockNote } from '@blocknote/react'
import { type EditorProps, LABELS } from './mount.tsx'

export const Editor = ({ room: { doc, provider }, person }: EditorProps) => {
  const editor = useCreateBlockNote(
    withCollaboration({
      domAttributes: { editor: LABELS },
      collaboration: {
        provider,
        fragment: doc.getXmlFragment('blocknote'),
        user: { ...person },
      },
    }),
    [doc, provider],
  )
  // @ts-expect-error BlockNote's own types fit each other only without exactOptionalPropertyTypes.
  return <BlockNoteView editor={editor} />
}
