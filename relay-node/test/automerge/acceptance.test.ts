/** automerge-repo's own suite for network adapters, over a real relay and real sockets, with both ends of our range. */
// Brings Automerge's WebAssembly along, which the suite leaves to whoever runs it.
import '@automerge/automerge-repo'
import { runNetworkAdapterTests } from '@automerge/automerge-repo/helpers/tests/network-adapter-tests.js'
import 'automerge-repo-next'
import { runNetworkAdapterTests as runNextTests } from 'automerge-repo-next/helpers/tests/network-adapter-tests.js'
import { generateSecret } from 'sealsync'
import { SealsyncNetworkAdapter } from 'sealsync/automerge'
import { describe } from 'vitest'
import { startRelay } from '../../src/index.ts'

const setUp: Parameters<typeof runNetworkAdapterTests>[0] = async () => {
  const relay = await startRelay({ port: 0, store: 'memory:' })
  const secret = generateSecret()
  const adapter = () => new SealsyncNetworkAdapter(relay.url, { secret, peers: true })
  const [a, b, c] = [adapter(), adapter(), adapter()]
  return {
    adapters: [a, b, c],
    teardown: () => {
      for (const one of [a, b, c]) one.disconnect()
      void relay.close()
    },
  }
}

describe('2.5', () => runNetworkAdapterTests(setUp, 'members shown as peers'))
describe('2.6', () => runNextTests(setUp, 'members shown as peers'))
