import { Editor } from './editor.tsx'
import { FIELD, type Room } from './room.ts'
import { RoomPage } from './room-page.tsx'

const hasText = ({ doc }: Room): boolean => doc.getXmlFragment(FIELD).length > 0

export const App = ({ room }: { readonly room: Room }) => (
  <RoomPage page="editor" room={room} hasText={hasText}>
    {(person) => <Editor room={room} person={person} />}
  </RoomPage>
)
