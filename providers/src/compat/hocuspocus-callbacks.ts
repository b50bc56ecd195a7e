/** The callbacks among a provider's options, as listeners. */
import type { Listeners } from '../yjs/listeners.ts'
import type { HocuspocusEvents } from './hocuspocus-events.ts'
import type { HocuspocusProviderConfiguration } from './hocuspocus-options.ts'

export const registerCallbacks = (
  provider: Pick<Listeners<HocuspocusEvents>, 'on'>,
  configuration: HocuspocusProviderConfiguration,
): void => {
  const { onOpen, onConnect, onStatus, onDisconnect, onClose, onDestroy } = configuration
  const { onMessage, onOutgoingMessage, onAwarenessUpdate, onAwarenessChange } = configuration
  const { onAuthenticated, onAuthenticationFailed, onSynced, onStateless, onUnsyncedChanges } = configuration
  if (onOpen !== undefined) provider.on('open', onOpen)
  if (onConnect !== undefined) provider.on('connect', onConnect)
  if (onStatus !== undefined) provider.on('status', onStatus)
  if (onDisconnect !== undefined) provider.on('disconnect', onDisconnect)
  if (onClose !== undefined) provider.on('close', onClose)
  if (onDestroy !== undefined) provider.on('destroy', onDestroy)
  if (onMessage !== undefined) provider.on('message', onMessage)
  if (onOutgoingMessage !== undefined) provider.on('outgoingMessage', onOutgoingMessage)
  if (onAwarenessUpdate !== undefined) provider.on('awarenessUpdate', onAwarenessUpdate)
  if (onAwarenessChange !== undefined) provider.on('awarenessChange', onAwarenessChange)
  if (onAuthenticated !== undefined) provider.on('authenticated', onAuthenticated)
  if (onAuthenticationFailed !== undefined) provider.on('authenticationFailed', onAuthenticationFailed)
  if (onSynced !== undefined) provider.on('synced', onSynced)
  if (onStateless !== undefined) provider.on('stateless', onStateless)
  if (onUnsyncedChanges !== undefined) provider.on('unsyncedChanges', onUnsyncedChanges)
}
