/** The same suite as the next automerge-repo brings it. */
import 'automerge-repo-next'
import { runNetworkAdapterTests } from 'automerge-repo-next/helpers/tests/network-adapter-tests.js'
import { threeAdapters } from './stage.ts'

runNetworkAdapterTests(() => threeAdapters({ peers: true }), 'members shown as peers')
