/**
 * A lock that one holder in all tabs of this origin has, by the Web Locks API. Pages without it (plain HTTP, old
 * browsers) get a lock within the page: two tabs may then hold one name. They take over each other's unsent edits while
 * both live, once: that costs repeated work and no edit.
 */
const held = new Set<string>()

const lockInPage = (name: string): (() => void) | undefined => {
  if (held.has(name)) return undefined
  held.add(name)
  let isHeld = true
  return () => {
    if (isHeld) held.delete(name)
    isHeld = false
  }
}

/** Takes the lock if it is free; the result gives it back. */
export const webLock = (name: string): Promise<(() => void) | undefined> => {
  const manager = globalThis.navigator?.locks
  if (manager === undefined) return Promise.resolve(lockInPage(name))
  return new Promise((resolve, reject) => {
    const holding = manager.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(undefined)
        return undefined
      }
      return new Promise<void>((release) => {
        resolve(release)
      })
    })
    holding.catch(reject)
  })
}
