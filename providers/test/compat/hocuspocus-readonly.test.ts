/** A reader, as Hocuspocus names it. No option makes one yet: here the vault is told to be one. */
import { expect, test, vi } from 'vitest'
import { HocuspocusProvider, type HocuspocusProviderConfiguration } from '../../src/compat/hocuspocus.ts'
import { createStage, RELAY, secret, textOf, until, write } from './stage.ts'

const stage = createStage()

type Vaults = typeof import('../../src/keys/vault.ts')
const { vault } = vi.hoisted(() => ({ vault: { isReader: false } }))
vi.mock('../../src/keys/vault.ts', async (load) => {
  const { createVault, ...others } = await load<Vaults>()
  const create: Vaults['createVault'] = (options) =>
    createVault(vault.isReader ? { ...options, role: 'reader' } : options)
  return { ...others, createVault: create }
})

const open = (onAuthenticated: HocuspocusProviderConfiguration['onAuthenticated']): HocuspocusProvider => {
  const { WebSocketPolyfill } = stage.house()
  const options = { url: RELAY, name: 'room', secret, WebSocketPolyfill }
  return stage.keep(new HocuspocusProvider({ ...options, ...(onAuthenticated && { onAuthenticated }) }))
}

test('who may only read is authorised as readonly, and who may write is not', async () => {
  const told: unknown[] = []
  const writer = open(({ scope }) => told.push(['writer', scope]))
  await until(() => writer.synced)
  write(writer, 'words')
  await until(() => !writer.hasUnsyncedChanges)
  vault.isReader = true
  const reader = open(({ scope }) => told.push(['reader', scope]))
  await until(() => textOf(reader) === 'words')
  await until(() => reader.isAuthenticated)
  expect(told).toEqual([
    ['writer', 'read-write'],
    ['reader', 'readonly'],
  ])
  expect([writer.authorizedScope, reader.authorizedScope]).toEqual(['read-write', 'readonly'])
  expect(reader.syncStatus).toBe('readonly')
})
