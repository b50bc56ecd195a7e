/** A window of the test's own, for what browsers tell a page. */
import { vi } from 'vitest'

/** From now on, what is made listens to it; `vi.unstubAllGlobals()` ends that. */
export const stubWindow = (): {
  /** The page goes into the back/forward cache. */
  leave(): void
  comeBack(): void
} => {
  const page = new EventTarget()
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  const tell = (name: string): unknown =>
    page.dispatchEvent(Object.assign(new Event(name), { persisted: true }))
  return { leave: () => tell('pagehide'), comeBack: () => tell('pageshow') }
}
