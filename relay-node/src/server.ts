/** The relay with real sockets, a clock, dice and timers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIPv6 } from 'node:net'
import { cryptoReady, randomBytes, verify } from 'sealsync/protocol'
import { WebSocketServer } from 'ws'
import { checkOptions, DEFAULTS, openStore, type StartOptions } from './options.ts'
import { createRelay, type Relay } from './relay.ts'
import { RELAY_LIMITS } from './relay-limits.ts'
import { type RelaySocket, serveSocket } from './socket.ts'
import type { Store } from './store/store.ts'
import { createFramer } from './ws-frame.ts'

export interface RunningRelay {
  /** What clients connect to, such as `ws://127.0.0.1:4455`. */
  readonly url: string
  readonly port: number
  /**
   * Stops: takes no more connections, asks the ones there are to come back later (1012), finishes what is being
   * written, and closes the store. Idempotent.
   */
  close(): Promise<void>
}

const HEARTBEAT_MS = 30_000
const PRUNE_MS = 60 * 60 * 1000
const GOODBYE_MS = 1000

/**
 * Starts a relay and resolves once it accepts connections.
 *
 * Rejects with a `TypeError` for an option that does not exist or cannot be, and with an `Error` that says what to do
 * when the port is taken, the store cannot be opened, or Node is older than 22.13 and has no `node:sqlite`.
 *
 * @example
 * const relay = await startRelay({ port: 0, store: 'memory:' })
 * const provider = new SealsyncProvider(relay.url, 'room', doc, { secret })
 * await relay.close()
 */
export const startRelay = async (options: StartOptions = {}): Promise<RunningRelay> => {
  checkOptions(options)
  const { port = DEFAULTS.port, host = DEFAULTS.host, limits, log } = options
  await cryptoReady
  const store = await openStore(options.store ?? DEFAULTS.store)
  const http = createServer(answer)
  try {
    const taken = await listen(http, port, host)
    const relay = createRelay({
      store,
      verify,
      now: Date.now,
      random: randomBytes,
      defer: setImmediate,
      ...(limits && { limits }),
      ...(log && { log }),
    })
    const frameBytes = limits?.frameBytes ?? RELAY_LIMITS.frameBytes
    const close = serve({
      http,
      relay,
      store,
      frameBytes,
      onError: (error) => log?.({ type: 'fault', error }),
    })
    return { url: `ws://${isIPv6(host) ? `[${host}]` : host}:${taken}`, port: taken, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

interface Serving {
  readonly http: Server
  readonly relay: Relay
  readonly store: Store
  readonly frameBytes: number
  readonly onError: (error: unknown) => void
}

/** Takes connections until the result is called. */
const serve = ({ http, relay, store, frameBytes, onError }: Serving): (() => Promise<void>) => {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // Larger than what we take, so that the sender of a frame that is too large hears our code, not 1009.
    maxPayload: 4 * frameBytes,
  })
  const sockets = new Set<RelaySocket>()
  const frame = createFramer()
  http.on('upgrade', (request, raw, head) => {
    raw.on('error', () => undefined)
    webSockets.handleUpgrade(request, raw, head, (socket) => {
      const entry: RelaySocket = serveSocket({
        ...{ relay, socket, raw: request.socket, frame, now: Date.now, onError },
        onClosed: () => sockets.delete(entry),
      })
      sockets.add(entry)
    })
  })

  const prune = (): void => void relay.prune().catch(onError)
  const timers = [setInterval(() => sockets.forEach(beat), HEARTBEAT_MS), setInterval(prune, PRUNE_MS)]
  for (const timer of timers) timer.unref()
  prune()

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer)
    const closed = new Promise<void>((resolve) => http.close(() => resolve()))
    await relay.close()
    http.closeIdleConnections()
    const late = setTimeout(() => {
      for (const socket of sockets) socket.terminate()
      http.closeAllConnections()
    }, GOODBYE_MS)
    await closed
    clearTimeout(late)
    await store.close()
  }
  return () => {
    closing ??= close()
    return closing
  }
}

const beat = (socket: RelaySocket): void => socket.beat()

const answer = (request: IncomingMessage, response: ServerResponse): void => {
  const isHealth = request.url === '/healthz'
  response.writeHead(isHealth ? 200 : 426, { 'content-type': 'text/plain' })
  response.end(isHealth ? 'ok' : 'This is a sealsync relay: connect with a WebSocket.\n')
}

const listen = (http: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, port, host)))
    http.listen(port, host, () => {
      const address = http.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })

const explained = (error: NodeJS.ErrnoException, port: number, host: string): Error => {
  switch (error.code) {
    case 'EADDRINUSE':
      return new Error(
        `port ${port} on ${host} is in use: stop what listens there, or give another port (0 for any)`,
      )
    case 'EACCES':
      return new Error(
        `port ${port} on ${host} needs more rights than this process has: give a port above 1023`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Error(
        `this machine has no address ${host}: give one that it has, such as 127.0.0.1 or 0.0.0.0`,
      )
    default:
      return error
  }
}
