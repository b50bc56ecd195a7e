import { initialsOf, type Person } from './person.ts'

interface Other extends Person {
  /** Which window it is. */
  readonly id: string
}

interface PeopleProps {
  readonly others: readonly Other[]
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
export const People = ({ others, person, onRename }: PeopleProps) => (
  <div className="presence">
    <ul aria-label="Others who are here">
      {others.map(({ id, ...other }) => (
        <Avatar key={id} {...other} />
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
