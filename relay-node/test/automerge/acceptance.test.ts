/** automerge-repo's own suite for network adapters, over a real relay and real sockets. */
// Brings Automerge's WebAssembly along, which the suite leaves to whoever runs it.
import '@automerge/automerge-repo'
import { runNetworkAdapterTests } from '@automerge/automerge-repo/helpers/tests/network-adapter-tests.js'
import { threeAdapters } from './stage.ts'

runNetworkAdapterTests(() => threeAdapters({ peers: true }), 'members shown as peers')
