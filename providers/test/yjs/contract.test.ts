/** The providers that editors ask for, as their types and calls have it. */
import { expect, test, vi } from 'vitest'
import type { Awareness } from 'y-protocols/awareness'
import type { Doc } from 'yjs'
import type { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, until } from './stage.ts'

const stage = createStage()

interface LexicalUser {
  readonly name: string
  readonly focusing: boolean
}

/** `Provider` of @lexical/yjs. */
interface LexicalProvider {
  awareness: {
    getLocalState: () => LexicalUser | null
    getStates: () => Map<number, LexicalUser>
    off: (type: 'update', listener: () => void) => void
    on: (type: 'update', listener: () => void) => void
    setLocalState: (state: LexicalUser | null) => void
    setLocalStateField: (field: string, value: unknown) => void
  }
  connect(): void | Promise<void>
  disconnect(): void
  off(type: 'sync', listener: (isSynced: boolean) => void): void
  off(type: 'update', listener: (update: unknown) => void): void
  off(type: 'status', listener: (event: { status: string }) => void): void
  off(type: 'reload', listener: (doc: Doc) => void): void
  on(type: 'sync', listener: (isSynced: boolean) => void): void
  on(type: 'status', listener: (event: { status: string }) => void): void
  on(type: 'update', listener: (update: unknown) => void): void
  on(type: 'reload', listener: (doc: Doc) => void): void
}

/** `CollaborationOptions['provider']` of BlockNote, and `provider` of Tiptap's CollaborationCaret. */
interface CaretProvider {
  awareness?: Awareness
}

const lexical = (provider: SealsyncProvider): LexicalProvider => provider
const caret = (provider: SealsyncProvider): CaretProvider => provider

test('Lexical: subscribe, connect, bootstrap once, and stop, twice as in StrictMode', async () => {
  const provider = stage.open({ connect: false })
  const editor = lexical(provider)
  const calls: string[] = []
  const onSync = (isSynced: boolean): number => calls.push(`sync ${isSynced}`)
  const onStatus = ({ status }: { status: string }): number => calls.push(status)
  const onReload = (): number => calls.push('reload')
  const mount = (): (() => void) => {
    editor.on('reload', onReload)
    editor.on('sync', onSync)
    editor.on('status', onStatus)
    editor.awareness.on('update', onReload)
    editor.awareness.off('update', onReload)
    const connection = editor.connect()
    return () => {
      if (connection === undefined) editor.disconnect()
      else void connection.then(() => editor.disconnect())
      editor.off('sync', onSync)
      editor.off('status', onStatus)
      editor.off('reload', onReload)
    }
  }
  editor.disconnect()
  mount()()
  const unmount = mount()
  await until(() => calls.includes('sync true'))
  expect(calls.filter((call) => call === 'sync true')).toHaveLength(1)
  expect(provider.status).toBe('connected')
  unmount()
  await vi.advanceTimersByTimeAsync(100)
  expect(provider.status).toBe('disconnected')
})

test('carets of Tiptap, BlockNote, ProseMirror and CodeMirror find all that they look for', async () => {
  const [provider, other] = [stage.open(), stage.open()]
  const { awareness } = caret(provider)
  if (awareness === undefined) throw new Error('no awareness')
  expect('on' in awareness && 'off' in awareness && typeof awareness === 'object').toBe(true)
  expect(awareness.doc.clientID).toBe(provider.doc.clientID)
  expect(awareness.states).toBe(awareness.getStates())
  const changes: number[] = []
  awareness.on('change', ({ added, updated }: { added: number[]; updated: number[] }) => {
    changes.push(...added, ...updated)
  })
  other.awareness.setLocalStateField('user', { name: 'other', color: '#aabbcc' })
  await until(() => changes.includes(other.doc.clientID))
  expect(awareness.states.get(other.doc.clientID)).toEqual({ user: { name: 'other', color: '#aabbcc' } })
  expect(Object.getPrototypeOf(provider)).not.toBe(Object.prototype)
  expect(provider.getYDoc()).toBe(provider.doc)
  expect(provider.document).toBe(provider.doc)
  expect([provider.room, provider.roomname]).toEqual(['room', 'room'])
})
