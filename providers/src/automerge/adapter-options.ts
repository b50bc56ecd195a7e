/** What an adapter can be told, and the checks of it: misuse is answered at the door. */
import type { ClientOptions, Where } from '../client/client.ts'
import { checkOptions, checkUrl, takeOptions } from '../client/options.ts'
import { readSecret, type Secret } from '../client/secret.ts'

/** The secret of a document, or `undefined` for one that stays on this device. */
export type SecretOf = (
  documentId: string,
) => string | Uint8Array | undefined | Promise<string | Uint8Array | undefined>

export interface AdapterOptions
  extends Omit<ClientOptions, 'relay' | 'connect'>,
    Pick<Where, 'snapshot' | 'compress' | 'pad' | 'flushMs'> {
  /** One secret for all documents: the text of `generateSecret()`, or ≥ 32 bytes. Either this or `keys`. */
  readonly secret?: Secret
  /** The secret of each document by its id; documents without one are neither sent nor asked for. */
  readonly keys?: SecretOf
  /** How long a document that the relay does not have may still appear before it is unavailable, ms. Default: 500. */
  readonly graceMs?: number
  /** How often the Repo is told what the relay holds, at most, ms: it costs a walk through the document. Default: 1,000. */
  readonly ackThrottleMs?: number
  /** How long changes of others gather, ms; `'adaptive'`: three times what the Repo took for the last ones, ≤ 500. */
  readonly inboundWindowMs?: number | 'adaptive'
  /** How long `find` waits for a connection before a document counts as unavailable, ms. Default: 2,000. */
  readonly readyTimeoutMs?: number
  /** Show the Repos of others as peers of this one; needs `secret`, costs a sync state per peer. Default: false. */
  readonly peers?: boolean
}

export interface CheckedOptions {
  readonly client: Omit<ClientOptions, 'relay' | 'connect'>
  readonly document: Pick<Where, 'snapshot' | 'compress' | 'pad' | 'flushMs'>
  /** The bytes of a document's secret; `undefined` if it has none. */
  readonly secretOf: (documentId: string) => Promise<Uint8Array | undefined>
  readonly graceMs: number
  readonly ackThrottleMs: number
  readonly inboundWindowMs: number | 'adaptive'
  readonly readyTimeoutMs: number
  readonly peers: boolean
}

const CLIENT = ['storage', 'identity', 'token', 'params', 'WebSocketPolyfill'] as const
const DOCUMENT = ['snapshot', 'compress', 'pad', 'flushMs'] as const
const OWN = [
  'secret',
  'keys',
  'graceMs',
  'ackThrottleMs',
  'inboundWindowMs',
  'readyTimeoutMs',
  'peers',
] as const
const DOOR = 'new SealsyncNetworkAdapter'

const checkMs = (name: string, value: unknown): void => {
  if (typeof value === 'number' && value >= 0) return
  throw new TypeError(`${DOOR}: ${name} is a time in ms, 0 or more, not ${String(value)}`)
}

/** Throws a `TypeError` that says what is wrong and what would be right. */
export const checkAdapter = (url: string, options: AdapterOptions): CheckedOptions => {
  checkUrl(DOOR, url)
  checkOptions(DOOR, options, [...OWN, ...DOCUMENT, ...CLIENT])
  const { secret, keys, graceMs = 500, ackThrottleMs = 1_000, readyTimeoutMs = 2_000 } = options
  const { inboundWindowMs = 'adaptive', peers = false } = options
  if ((secret === undefined) === (keys === undefined)) {
    throw new TypeError(
      `${DOOR}: pass either secret, one for all documents, or keys, a function from document id to secret`,
    )
  }
  if (keys !== undefined && typeof keys !== 'function')
    throw new TypeError(`${DOOR}: keys is a function from document id to secret`)
  if (peers && secret === undefined)
    throw new TypeError(`${DOOR}: peers needs secret: members show themselves to whoever shares it`)
  for (const [name, value] of Object.entries({ graceMs, ackThrottleMs, readyTimeoutMs })) checkMs(name, value)
  if (inboundWindowMs !== 'adaptive') checkMs('inboundWindowMs', inboundWindowMs)

  // Read at once, so that a wrong one is heard of here; kept, since every document needs a copy of its own.
  const shared = secret === undefined ? undefined : readSecret(secret)
  shared?.catch(() => undefined)
  const secretOf = async (documentId: string): Promise<Uint8Array | undefined> => {
    if (shared !== undefined) return (await shared).slice()
    const own = await keys?.(documentId)
    return own === undefined ? undefined : readSecret(own)
  }
  return {
    client: takeOptions(options, CLIENT),
    document: takeOptions(options, DOCUMENT),
    secretOf,
    graceMs,
    ackThrottleMs,
    inboundWindowMs,
    readyTimeoutMs,
    peers,
  }
}
