import { lastLink } from './last-link.ts'
import { PAGES, type Page } from './pages.ts'

/** The pages, each at the room where this window was last. */
export const Tabs = ({ page }: { readonly page: Page }) => (
  <nav className="tabs" aria-label="Pages">
    {PAGES.map(({ id, title, path }) => (
      <a
        key={id}
        href={id === page ? location.href : `${path}${lastLink(id)}`}
        aria-current={id === page ? 'page' : undefined}
        data-testid={`tab-${id}`}
      >
        {title}
      </a>
    ))}
  </nav>
)
