import type { SealsyncProvider } from 'sealsync/yjs'
import { usePresence } from 'sealsync-react'
import { initialsOf, type Person, personFrom } from './person.ts'

interface PresenceProps {
  readonly provider: SealsyncProvider
  readonly person: Person
  readonly onRename: (name: string) => void
}

const Avatar = ({ name, color }: Person) => (
  <li className="avatar" style={{ backgroundColor: color }} title={name} data-testid="avatar">
    <span aria-hidden="true">{initialsOf(name)}</span>
    <span className="for-readers">{name}</span>
  </li>
)

/** Who is here: this window's own person, with a name to change, and all others. */
export const Presence = ({ provider, person, onRename }: PresenceProps) => {
  const others = usePresence(provider)
  return (
    <div className="presence">
      <ul aria-label="Others who are here">
        {others.map(({ clientId, state }) => (
          <Avatar key={clientId} {...personFrom(state.user)} />
        ))}
      </ul>
      <label className="me" style={{ borderColor: person.color }}>
        <span className="for-readers">Your name</span>
        <input
          value={person.name}
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onRename(event.target.value)}
          data-testid="name"
        />
      </label>
    </div>
  )
}
