/** Messages of the plain providers: numbers of varying length, and bytes and texts that begin with their length. */
export interface MessageReader {
  number(): number
  bytes(): Uint8Array
  text(): string
}

export const readMessage = (source: Uint8Array): MessageReader => {
  let at = 0
  const number = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = source[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  const bytes = (): Uint8Array => {
    const length = number()
    at += length
    return source.subarray(at - length, at)
  }
  return { number, bytes, text: () => new TextDecoder().decode(bytes()) }
}

export const writeMessage = (...parts: readonly (number | string | Uint8Array)[]): Uint8Array => {
  const out: number[] = []
  const number = (value: number): void => {
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest & 127) | 128)
    out.push(rest)
  }
  for (const part of parts) {
    if (typeof part === 'number') {
      number(part)
      continue
    }
    const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part
    number(bytes.length)
    out.push(...bytes)
  }
  return Uint8Array.from(out)
}
