/** An app as it is written for Hocuspocus. Another test changes the import and compiles it again. */
import {
  AwarenessError,
  HocuspocusProvider,
  type HocuspocusProviderConfiguration,
  HocuspocusProviderWebsocket,
  type HocuspocusProviderWebsocketConfiguration,
  type onAwarenessChangeParameters,
  type onStatelessParameters,
  type onStatusParameters,
  type StatesArray,
  WebSocketStatus,
} from '@hocuspocus/provider'
import * as Y from 'yjs'

const socketOptions: HocuspocusProviderWebsocketConfiguration = {
  url: 'wss://sync.example',
  autoConnect: false,
  preserveTrailingSlash: true,
  WebSocketPolyfill: WebSocket,
  ...{ messageReconnectTimeout: 30_000, delay: 1_000, initialDelay: 0, factor: 2, maxAttempts: 5 },
  ...{ minDelay: 1_000, maxDelay: 30_000, jitter: true, timeout: 0, handleTimeout: null },
  onStatus: ({ status }) => status === WebSocketStatus.Connected,
  onMaxAttemptsFailed: ({ error }) => void error,
  providerMap: new Map<string, HocuspocusProvider>(),
}

const options = (name: string, show: (text: string) => void): HocuspocusProviderConfiguration => ({
  url: 'wss://sync.example',
  name,
  document: new Y.Doc(),
  token: async () => 'token',
  flushDelay: 500,
  forceSyncInterval: false,
  sessionAwareness: false,
  onOpen: ({ event }) => show(event.type),
  onConnect: () => show('connect'),
  onStatus: ({ status }: onStatusParameters) => show(status),
  onAuthenticated: ({ scope }) => show(scope),
  onAuthenticationFailed: ({ reason }) => show(reason),
  onSynced: ({ state }) => show(`${state}`),
  onUnsyncedChanges: ({ number }) => show(`${number}`),
  onDisconnect: ({ event }) => show(`${event.code} ${event.reason}`),
  onClose: ({ event }) => show(`${event.code} ${event.reason}`),
  onAwarenessUpdate: ({ states }) => show(states.map(({ clientId }) => clientId).join()),
  onAwarenessChange: ({ states }: onAwarenessChangeParameters) => show(`${states[0]?.clientId}`),
  onStateless: ({ payload }: onStatelessParameters) => show(payload),
  onMessage: ({ event, message }) => show(`${event.data.byteLength} ${message.data.length}`),
  onOutgoingMessage: ({ message }) => show(`${message.toUint8Array().length}`),
  onDestroy: () => show('destroy'),
})

const present = (provider: HocuspocusProvider): void => {
  try {
    provider.setAwarenessField('user', { name: 'Ada' })
  } catch (error) {
    if (!(error instanceof AwarenessError)) throw error
  }
}

export const connect = (name: string, show: (text: string) => void): (() => void) => {
  let status: WebSocketStatus = WebSocketStatus.Connecting
  let people: StatesArray = []
  const provider = new HocuspocusProvider(options(name, show))
  const onStatus = (event: onStatusParameters): void => {
    status = event.status
  }
  provider.on('status', onStatus).on('synced', ({ state }: { state: boolean }) => show(`${state} ${status}`))
  provider.on('awarenessChange', ({ states }: { states: StatesArray }) => {
    people = states
  })
  present(provider)
  provider.synced = false
  provider.awareness?.setLocalStateField('cursor', people.length)
  provider.setConfiguration({ token: 'another' })
  provider.sendStateless(JSON.stringify({ saved: true }))
  provider.forceSync()
  provider.startSync()
  provider.flushPendingUpdates()
  void provider.sendToken()
  show([provider.isSynced, provider.synced, provider.hasUnsyncedChanges, provider.isAuthenticated].join())
  show(`${provider.unsyncedChanges} ${provider.authorizedScope} ${provider.document.clientID}`)
  show(`${provider.configuration.name} ${provider.configuration.websocketProvider.status}`)
  return () => {
    provider.off('status', onStatus).off('synced')
    provider.disconnect()
    provider.destroy()
  }
}

export const share = (names: readonly string[]): (() => void) => {
  const websocketProvider = new HocuspocusProviderWebsocket(socketOptions)
  const providers = names.map(
    (name) => new HocuspocusProvider({ websocketProvider, name, awareness: null, token: null }),
  )
  for (const provider of providers) provider.attach()
  void websocketProvider.connect()
  const { delay, maxAttempts, providerMap } = websocketProvider.configuration
  setTimeout(() => providerMap.clear(), delay * maxAttempts)
  websocketProvider.on('disconnect', () => websocketProvider.shouldConnect)
  return () => {
    for (const provider of providers) {
      if (provider.isAttached) provider.detach()
      provider.destroy()
    }
    websocketProvider.disconnect()
    websocketProvider.destroy()
  }
}
