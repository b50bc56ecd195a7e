import type { SealsyncProvider } from 'sealsync/yjs'
import { usePresence } from 'sealsync-react'
import { People } from './people.tsx'
import { type Person, personFrom } from './person.ts'

interface PresenceProps {
  readonly provider: SealsyncProvider
  readonly person: Person
  readonly onChange: (person: Person) => void
}

/** Who is here, as awareness tells. */
export const Presence = ({ provider, person, onChange }: PresenceProps) => {
  const others = usePresence(provider).map(({ clientId, state }) => ({
    id: String(clientId),
    // Lexical has a name and a color where others have a user.
    ...personFrom(state.user ?? state),
  }))
  const id = String(provider.awareness.clientID)
  return <People others={others} self={{ id, ...person }} onChange={onChange} />
}
