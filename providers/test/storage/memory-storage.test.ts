import { describe, test } from 'vitest'
import { memoryStorage } from '../../src/client/memory-storage.ts'
import { storageSuite } from '../../src/testing/storage-suite.ts'

describe('memory storage', () => {
  storageSuite(test, () => {
    const storage = memoryStorage()
    return { open: () => storage }
  })
})
