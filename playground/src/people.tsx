import { useEffect } from 'react'
import { distinctColor, initialsOf, type Person, type Present } from './person.ts'

interface PeopleProps {
  readonly others: readonly Present[]
  readonly self: Present
  readonly onChange: (person: Person) => void
}

const Avatar = ({ name, color }: Person) => (
  <li className="avatar" style={{ backgroundColor: color }} title={name} data-testid="avatar">
    <span aria-hidden="true">{initialsOf(name)}</span>
    <span className="for-readers">{name}</span>
  </li>
)

/** Who is here: this window's own person, with a name to change, and all others. */
export const People = ({ others, self: { id, ...person }, onChange }: PeopleProps) => {
  const color = distinctColor({ id, ...person }, others)
  useEffect(() => {
    if (color !== person.color) onChange({ ...person, color })
  })
  return (
    <div className="presence">
      <ul aria-label="Others who are here">
        {others.map((other) => (
          <Avatar key={other.id} name={other.name} color={other.color} />
        ))}
      </ul>
      <label className="me" style={{ borderColor: person.color }}>
        <span className="for-readers">Your name</span>
        <input
          value={person.name}
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange({ ...person, name: event.target.value })}
          data-testid="name"
        />
      </label>
    </div>
  )
}
