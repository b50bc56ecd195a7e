/**
 * The rooms that this browser has made. Whoever made a room may create its document again, on a relay that was down
 * at first or that has lost it; whoever only holds a link may not, so that a wrong link never opens an empty page.
 */
const KEY = 'sealsync-playground/made-rooms'
const LIMIT = 100

const read = (): readonly string[] => localStorage.getItem(KEY)?.split(' ') ?? []

export const rememberMade = (room: string): void => {
  localStorage.setItem(KEY, [room, ...read()].slice(0, LIMIT).join(' '))
}

export const isMadeHere = (room: string): boolean => read().includes(room)
