/** What a relay can be told when it is started, checked before anything is opened. */
import type { RelayEvent } from './relay.ts'
import type { RelayLimits } from './relay-limits.ts'
import { createMemoryStore } from './store/memory.ts'
import { openSqliteStore } from './store/sqlite.ts'
import type { Store } from './store/store.ts'

export interface StartOptions {
  /** Default 4455; 0 takes any free port. */
  readonly port?: number
  /** The address to listen on. Default `127.0.0.1`, which only this machine can reach. */
  readonly host?: string
  /** `sqlite:PATH` or `memory:`, which forgets everything when it ends. Default `sqlite:./sealsync.db`. */
  readonly store?: string
  readonly limits?: Partial<RelayLimits>
  /** Hears what happens; never contents, keys or whole ids. */
  readonly log?: (event: RelayEvent) => void
}

const KNOWN = ['port', 'host', 'store', 'limits', 'log']
const SCHEMES = 'memory: and sqlite:PATH'

export const DEFAULTS = { port: 4455, host: '127.0.0.1', store: 'sqlite:./sealsync.db' } as const

/** Throws a TypeError that says what is wrong and what is allowed. */
export const checkOptions = (options: StartOptions): void => {
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) throw new TypeError(`unknown option '${name}': known are ${KNOWN.join(', ')}`)
  }
  const { port = DEFAULTS.port, store = DEFAULTS.store } = options
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new TypeError(`port ${port} is not one: give a whole number from 0 (any free port) to 65535`)
  }
  if (store !== 'memory:' && !/^sqlite:./.test(store)) {
    throw new TypeError(`unknown store '${store}': known are ${SCHEMES}`)
  }
}

export const openStore = (name: string): Promise<Store> =>
  name === 'memory:' ? Promise.resolve(createMemoryStore()) : openSqliteStore(name.slice('sqlite:'.length))
