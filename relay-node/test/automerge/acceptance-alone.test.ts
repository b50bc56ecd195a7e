/** The same suite with default options, where the relay is the only peer; less what needs to see the other Repos. */
// Brings Automerge's WebAssembly along, which the suite leaves to whoever runs it.
import '@automerge/automerge-repo'
import { runNetworkAdapterTests } from '@automerge/automerge-repo/helpers/tests/network-adapter-tests.js'
import { beforeEach, describe } from 'vitest'
import { threeAdapters } from './stage.ts'

const ABOUT_OTHER_REPOS = [
  'emits a peer-candidate event with proper peer metadata when a peer connects',
  'should emit disconnect events on disconnect',
  'should not send messages after disconnect',
]

describe('default options', () => {
  beforeEach(({ task, skip }) => {
    if (ABOUT_OTHER_REPOS.includes(task.name)) skip('the relay is the only peer')
  })
  runNetworkAdapterTests(() => threeAdapters({}), 'the relay alone')
})
