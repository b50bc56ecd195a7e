/** An app as it is written for y-websocket. Another test changes the import and compiles it again. */
import { Awareness } from 'y-protocols/awareness'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

type Options = NonNullable<ConstructorParameters<typeof WebsocketProvider>[3]>

export const connect = (room: string, show: (text: string) => void): (() => void) => {
  const doc = new Y.Doc()
  const options: Options = {
    connect: false,
    awareness: new Awareness(doc),
    params: { version: '2' },
    protocols: ['app'],
    WebSocketPolyfill: WebSocket,
    resyncInterval: 5_000,
    maxBackoffTime: 10_000,
    disableBc: true,
    shouldReconnect: (event, provider) => event.code !== 4401 && event.wasClean && provider.shouldConnect,
  }
  const provider: WebsocketProvider = new WebsocketProvider('wss://sync.example', room, doc, options)
  const onStatus = ({ status }: { status: 'connected' | 'connecting' | 'disconnected' }): void => show(status)
  const onSync = (isSynced: boolean): void => show(`${isSynced}`)
  const onClose = (event: CloseEvent | null, from: WebsocketProvider): void =>
    show(`${event?.code} ${event?.reason} ${from.roomname}`)
  provider.on('status', onStatus)
  provider.on('sync', onSync)
  provider.on('connection-close', onClose)
  provider.on('connection-error', (event, from) => show(`${event.type} ${from.url}`))
  provider.once('closed', ({ code, reason }, from) => show(`${code} ${reason} ${from.serverUrl}`))
  provider.params = { ...provider.params, token: 'new' }
  provider.shouldConnect = true
  provider.maxBackoffTime = 500
  provider.awareness.setLocalStateField('user', { name: 'Ada' })
  provider.awareness.on('change', () => show(`${provider.awareness.getStates().size}`))
  provider.connect()
  show([provider.wsconnected, provider.wsconnecting, provider.synced, provider.bcconnected].join())
  show(`${provider.ws?.readyState} ${provider.doc.clientID} ${provider.bcChannel}`)
  show(new Date(provider.wsLastMessageReceived).toISOString())
  provider.connectBc()
  provider.disconnectBc()
  return () => {
    provider.off('status', onStatus)
    provider.off('sync', onSync)
    provider.disconnect()
    provider.destroy()
  }
}
