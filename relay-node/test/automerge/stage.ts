/** Three adapters on a real relay over real sockets, as automerge-repo's own suite wants them. */
import { generateSecret } from 'sealsync'
import { type AdapterOptions, SealsyncNetworkAdapter } from 'sealsync/automerge'
import { startRelay } from '../../src/index.ts'

type Adapters = [SealsyncNetworkAdapter, SealsyncNetworkAdapter, SealsyncNetworkAdapter]

export const threeAdapters = async (
  options: Pick<AdapterOptions, 'peers'>,
): Promise<{ readonly adapters: Adapters; readonly teardown: () => void }> => {
  const relay = await startRelay({ port: 0, store: 'memory:' })
  const secret = generateSecret()
  const adapter = (): SealsyncNetworkAdapter => new SealsyncNetworkAdapter(relay.url, { secret, ...options })
  const adapters: Adapters = [adapter(), adapter(), adapter()]
  return {
    adapters,
    teardown: () => {
      for (const one of adapters) one.disconnect()
      void relay.close()
    },
  }
}
