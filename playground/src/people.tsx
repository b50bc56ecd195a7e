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
export const People = ({ others, self, onChange }: PeopleProps) => {
  const { name } = self
  const color = distinctColor(self, others)
  useEffect(() => {
    if (color !== self.color) onChange({ name, color })
  })
  return (
    <div className="presence">
      <ul aria-label="Others who are here">
        {others.map(({ id, ...other }) => (
          <Avatar key={id} {...other} />
        ))}
      </ul>
      <label className="me" style={{ borderColor: color }}>
        <span className="for-readers">Your name</span>
        <input
          value={name}
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange({ name: event.target.value, color })}
          data-testid="name"
        />
      </label>
    </div>
  )
}
