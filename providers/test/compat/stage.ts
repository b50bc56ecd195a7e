/** Sealed look-alikes around one relay in memory, on fake time. */
import { afterEach, beforeEach, vi } from 'vitest'
import { createHouse, type House } from '../../../relay-node/test/house/house.ts'
import { generateSecret } from '../../src/keys/secret.ts'

export { hurry, pushes, textOf, until, write } from '../yjs/stage.ts'

export const secret: string = generateSecret()
export const RELAY = 'ws://relay.test'

export interface Stage {
  house(): House
  /** Destroyed at the end of the test. */
  keep<Thing extends { destroy(): void }>(thing: Thing): Thing
}

export const createStage = (): Stage => {
  let house: House | undefined
  let kept: { destroy(): void }[] = []
  beforeEach(async () => {
    vi.useFakeTimers()
    house = await createHouse()
  })
  afterEach(() => {
    for (const thing of kept) thing.destroy()
    kept = []
    vi.useRealTimers()
    vi.restoreAllMocks()
  })
  return {
    house: () => {
      if (house === undefined) throw new Error('open things in tests only')
      return house
    },
    keep: (thing) => {
      kept.push(thing)
      return thing
    },
  }
}
