/** What a provider can be told, and the checks of it: misuse is answered at the door. */
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import type { Client, ClientOptions, Where } from '../client/client.ts'
import { checkOptions, takeOptions } from '../client/options.ts'
import type { SnapshotPolicy } from '../sync/effects.ts'

/** Options of a provider: those of the connection, those of the document, and presence. */
export interface ProviderOptions extends Omit<ClientOptions, 'relay'>, Omit<Where, 'room' | 'snapshot'> {
  /**
   * When to make snapshots; `false`: only when the app asks for one, or the relay needs one; `'never'`: not even then.
   * With `from: 'gc-off-only'` only documents with `gc: false` make any, since a snapshot of one that collects garbage
   * holds nothing that was deleted.
   */
  readonly snapshot?: (Partial<SnapshotPolicy> & { readonly from?: 'gc-off-only' }) | false | 'never'
  /**
   * Presence of an app that makes its own; without it the provider makes one, and destroys it with itself. `null`: this
   * document has no presence; what is set in `provider.awareness` is shown to nobody.
   */
  readonly awareness?: Awareness | null
  /**
   * A connection to the same relay that several documents share, from `createClient`. Options of the connection are then
   * the client's, `connect` and `disconnect` concern this document alone, and `setUrl` moves all of them.
   */
  readonly client?: Client
}

const CONNECTION = ['storage', 'identity', 'token', 'params', 'WebSocketPolyfill', 'connect'] as const
const DOCUMENT = ['secret', 'create', 'flushMs', 'snapshot', 'receipts', 'compress', 'pad'] as const
const DOOR = 'new SealsyncProvider'

/** Throws a `TypeError` that says what is wrong and what would be right. */
export const checkProvider = (url: string, doc: unknown, options: ProviderOptions): void => {
  if (!(doc instanceof Y.Doc)) {
    throw new TypeError(
      `${DOOR}: the third argument is no Y.Doc of the yjs that sealsync imports. If it is one, the app holds two ` +
        'copies of yjs, which cannot work together: "npm ls yjs" shows them, "npm dedupe" joins them.',
    )
  }
  checkOptions(DOOR, options, [...DOCUMENT, ...CONNECTION, 'awareness', 'client'])
  const { from } = typeof options.snapshot === 'object' ? options.snapshot : {}
  if (from !== undefined && from !== 'gc-off-only') {
    throw new TypeError(`${DOOR}: snapshot.from is "${String(from)}", and can only be "gc-off-only"`)
  }
  if (options.client === undefined) return
  checkOptions(`${DOOR} with a client`, options, [...DOCUMENT, 'awareness', 'client', 'connect'])
  if (options.client.relay === url) return
  throw new TypeError(`${DOOR}: the client is one of "${options.client.relay}", and the address "${url}"`)
}

/** Those of the options that `createClient` takes. */
export const connectionOptions = (options: ProviderOptions): Omit<ClientOptions, 'relay'> =>
  takeOptions(options, CONNECTION)

/** Those of the options that `open` takes. */
export const documentOptions = (options: ProviderOptions, { gc }: Y.Doc): Omit<Where, 'room'> => {
  const { snapshot = {}, ...document } = takeOptions(options, DOCUMENT)
  if (typeof snapshot !== 'object') return { ...document, snapshot }
  const { from, ...policy } = snapshot
  return { ...document, snapshot: from !== undefined && gc ? 'never' : policy }
}
