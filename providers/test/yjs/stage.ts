/** Providers around one relay in memory, on fake time. */
import { afterEach, beforeEach, vi } from 'vitest'
import * as Y from 'yjs'
import { createHouse, type House } from '../../../relay-node/test/house/house.ts'
import { generateSecret } from '../../src/keys/secret.ts'
import { SealsyncProvider } from '../../src/yjs/provider.ts'
import type { ProviderOptions } from '../../src/yjs/provider-options.ts'

export const secret: string = generateSecret()

export interface Stage {
  readonly house: () => House
  open(options?: Partial<ProviderOptions>, doc?: Y.Doc, room?: string): SealsyncProvider
}

/** Lets time pass, in steps, until it is so. */
export const until = async (condition: () => boolean): Promise<void> => {
  for (let step = 0; step < 3000; step++) {
    if (condition()) return
    await vi.advanceTimersByTimeAsync(10)
  }
  throw new Error(`still not: ${condition}`)
}

/** In this test no attempt waits for the one before it: the shortest pause that chance may draw. */
export const hurry = (): void => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
}

export const createStage = (): Stage => {
  let house: House | undefined
  let providers: SealsyncProvider[] = []
  beforeEach(async () => {
    vi.useFakeTimers()
    house = await createHouse()
  })
  afterEach(() => {
    for (const provider of providers) provider.destroy()
    providers = []
    vi.useRealTimers()
    vi.restoreAllMocks()
  })
  const current = (): House => {
    if (house === undefined) throw new Error('open things in tests only')
    return house
  }
  return {
    house: current,
    open: (options = {}, doc = new Y.Doc(), room = 'room') => {
      const { WebSocketPolyfill } = current()
      const provider = new SealsyncProvider('ws://relay.test/', room, doc, {
        secret,
        WebSocketPolyfill,
        ...options,
      })
      providers.push(provider)
      return provider
    },
  }
}

export const textOf = ({ doc }: { readonly doc: Y.Doc }): string => doc.getText('text').toString()

export const write = ({ doc }: { readonly doc: Y.Doc }, words: string): void => {
  const text = doc.getText('text')
  text.insert(text.length, words)
}

/** All that an event told, in order. */
export const record = (provider: SealsyncProvider): readonly string[] => {
  const told: string[] = []
  const names = [
    'status',
    'sync',
    'synced',
    'unsyncedChanges',
    'local-changes',
    'closed',
    'new',
    'destroy',
  ] as const
  for (const name of names) {
    provider.on(name, (...args: readonly unknown[]) => {
      const shown = args.filter((arg) => arg !== provider)
      told.push(`${name} ${JSON.stringify(shown).slice(1, -1)}`.trim())
    })
  }
  return told
}

const PUSH = 3

/** Sizes of the frames with which edits leave. */
export const pushes = (provider: SealsyncProvider): readonly number[] => {
  const sizes: number[] = []
  provider.on('frame', ({ direction, bytes }) => {
    if (direction === 'sent' && bytes[0] === PUSH) sizes.push(bytes.length)
  })
  return sizes
}
