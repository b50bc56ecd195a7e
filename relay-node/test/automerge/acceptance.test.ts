/** automerge-repo's own suite for network adapters, over a real relay and real sockets. */
// Brings Automerge's WebAssembly along, which the suite leaves to whoever runs it.
import '@automerge/automerge-repo'
import { runNetworkAdapterTests } from '@automerge/automerge-repo/helpers/tests/network-adapter-tests.js'
import { generateSecret } from 'sealsync'
import { SealsyncNetworkAdapter } from 'sealsync/automerge'
import { startRelay } from '../../src/index.ts'

runNetworkAdapterTests(async () => {
  const relay = await startRelay({ port: 0, store: 'memory:' })
  const secret = generateSecret()
  const adapter = () => new SealsyncNetworkAdapter(relay.url, { secret, peers: true })
  const adapters = [adapter(), adapter(), adapter()] as const
  return {
    adapters: [adapters[0], adapters[1], adapters[2]],
    teardown: () => {
      for (const one of adapters) one.disconnect()
      void relay.close()
    },
  }
}, 'members shown as peers')
