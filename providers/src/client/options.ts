/** Misuse is answered at the door, with what is wrong and what would be right. */

/** Throws for option names that do not exist: a misspelt option must not silently do nothing. */
export const checkOptions = (door: string, options: unknown, known: readonly string[]): void => {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${door}: pass an object with ${known.join(', ')}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new TypeError(`${door}: there is no option "${name}"; known: ${known.join(', ')}`)
  }
}

/** Throws unless `url` can be the address of a relay. */
export const checkUrl = (door: string, url: unknown): void => {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  const isFit = (parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:') && parsed.hash === ''
  if (isFit) return
  throw new TypeError(`${door}: "${String(url)}" is no relay address: pass ws://… or wss://… without #`)
}

export const checkRoom = (door: string, room: unknown): void => {
  if (typeof room === 'string' && room !== '') return
  throw new TypeError(`${door}: room is the name of the document in your app, a string that is not empty`)
}
