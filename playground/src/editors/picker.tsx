import { CHOICES } from './choices.ts'

/** Another editor on the same room; each keeps its text in a field of its own. */
export const Picker = ({ choice }: { readonly choice: string }) => (
  <nav className="picker" aria-label="Editors">
    {CHOICES.map(({ id, title }) => (
      <a
        key={id}
        href={`?editor=${id}${location.hash}`}
        aria-current={id === choice ? 'page' : undefined}
        data-testid={`pick-${id}`}
      >
        {title}
      </a>
    ))}
  </nav>
)
