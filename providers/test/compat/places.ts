/** Where the same app can go: a plain server for the provider that it knows, and a relay in memory for ours. */
import { afterEach } from 'vitest'
import type { PlainServer } from '../../../relay-node/test/compat/plain-servers.ts'
import { createHouse } from '../../../relay-node/test/house/house.ts'
import { generateSecret } from '../../src/keys/secret.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

/** Called after the test. */
export const atEnd = (end: () => void): void => {
  ends.push(end)
}

export const until = async (condition: () => boolean): Promise<void> => {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export interface Place {
  readonly url: string
  /** Ends every connection with this code. */
  cut(code: number): void
  /** Ends every connection, and takes no other. */
  shut(): void
}

const secret = generateSecret()

/** `sealed`: what it takes besides to get a sealed provider there. */
export const relayPlace = async (): Promise<
  Place & {
    readonly sealed: { readonly secret: string; readonly WebSocketPolyfill: new (url: string) => object }
  }
> => {
  const house = await createHouse()
  const shut = (): void => {
    house.isUp = false
    house.cut(1006)
  }
  const { cut, WebSocketPolyfill } = house
  return { url: 'ws://relay.test', cut, shut, sealed: { secret, WebSocketPolyfill } }
}

export const plainPlace = async (server: Promise<PlainServer>): Promise<Place> => {
  const { url, cut, close } = await server
  atEnd(close)
  return { url, cut, shut: close }
}

/** What of an event's argument must be the same: not the texts of close events, and not what the DOM adds. */
export const shapeOf = (value: unknown): unknown => {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value
  if ('code' in value) return { code: value.code }
  if (value instanceof Event) return 'an event'
  if (Array.isArray(value)) return value.map(shapeOf)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]))
}
