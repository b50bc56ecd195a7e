/**
 * The rooms that this browser has made, or has been in. For these it may create the document again, on a relay that
 * was down at first or has lost it since. For any other link it may not, so that a wrong one never opens an empty page.
 */
const KEY = 'sealsync-playground/known-rooms'
const LIMIT = 100

const read = (): readonly string[] => localStorage.getItem(KEY)?.split(' ') ?? []

export const isKnown = (room: string): boolean => read().includes(room)

export const remember = (room: string): void => {
  if (!isKnown(room)) localStorage.setItem(KEY, [room, ...read()].slice(0, LIMIT).join(' '))
}
