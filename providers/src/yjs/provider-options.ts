/** What a provider can be told, and the checks of it: misuse is answered at the door. */
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import type { ClientOptions, Where } from '../client/client.ts'
import { checkOptions } from '../client/options.ts'

/** Options of a provider: those of the connection, those of the document, and presence. */
export interface ProviderOptions extends Omit<ClientOptions, 'relay'>, Omit<Where, 'room'> {
  /** Presence of an app that makes its own; without it the provider makes one, and destroys it with itself. */
  readonly awareness?: Awareness
}

const CONNECTION = ['storage', 'identity', 'token', 'params', 'WebSocketPolyfill', 'connect'] as const
const DOCUMENT = ['secret', 'create', 'flushMs', 'snapshot', 'compress', 'pad'] as const
const DOOR = 'new SealsyncProvider'

/** Throws a `TypeError` that says what is wrong and what would be right. */
export const checkProvider = (doc: unknown, options: unknown): void => {
  if (!(doc instanceof Y.Doc)) {
    throw new TypeError(
      `${DOOR}: the third argument is no Y.Doc of the yjs that sealsync imports. If it is one, the app holds two ` +
        'copies of yjs, which cannot work together: "npm ls yjs" shows them, "npm dedupe" joins them.',
    )
  }
  checkOptions(DOOR, options, [...DOCUMENT, ...CONNECTION, 'awareness'])
}

/** Those of the options that `createClient` takes. */
export const connectionOptions = (options: ProviderOptions): Omit<ClientOptions, 'relay'> => {
  const { awareness, secret, create, flushMs, snapshot, compress, pad, ...connection } = options
  return connection
}

/** Those of the options that `open` takes. */
export const documentOptions = (options: ProviderOptions): Omit<Where, 'room'> => {
  const { awareness, storage, identity, token, params, WebSocketPolyfill, connect, ...document } = options
  return document
}
