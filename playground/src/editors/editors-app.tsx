import { Suspense, useEffect } from 'react'
import type { Room } from '../room.ts'
import { RoomPage } from '../room-page.tsx'
import type { Choice } from './choices.ts'
import { Picker } from './picker.tsx'
import { watchWords } from './typed-words.ts'

interface EditorsAppProps {
  readonly room: Room
  readonly isNew: boolean
  readonly choice: Choice
}

const hasText = ({ doc }: Room): boolean => doc.share.size > 0

/** One of many editors over the shared document. None of them knows of encryption: that is the point. */
export const EditorsApp = ({ room, isNew, choice: { Editor, ...choice } }: EditorsAppProps) => {
  useEffect(() => watchWords(room.doc, room.typed.push), [room])
  return (
    <RoomPage page="editors" room={room} hasText={hasText}>
      {(person) => (
        <section className={`sheet with-${choice.id}`} aria-label={choice.title}>
          <Picker choice={choice.id} />
          <Suspense fallback={<p className="opening">Loading {choice.title} …</p>}>
            <Editor room={room} person={person} isNew={isNew} />
          </Suspense>
        </section>
      )}
    </RoomPage>
  )
}
