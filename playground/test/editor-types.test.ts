/** That a provider is what the editors ask for is checked by the compiler: nothing here may be cast. */
import type { CollaborationOptions } from '@blocknote/core/yjs'
import type { Provider } from '@lexical/yjs'
import { generateSecret } from 'sealsync'
import { HocuspocusProvider } from 'sealsync/compat/hocuspocus'
import { WebsocketProvider } from 'sealsync/compat/y-websocket'
import { SealsyncProvider } from 'sealsync/yjs'
import { expect, test } from 'vitest'
import type { yCollab } from 'y-codemirror.next'
import type { MonacoBinding } from 'y-monaco'
import type { yCursorPlugin } from 'y-prosemirror'
import type { QuillBinding } from 'y-quill'
import { Doc } from 'yjs'

const secret = generateSecret()

test('a provider, and its awareness, have the types that editors declare', () => {
  const provider = new SealsyncProvider('ws://localhost', 'room', new Doc(), { secret, connect: false })
  const lexical: Provider = provider
  const factory: (id: string, docs: Map<string, Doc>) => Provider = () => provider
  const blocknote: CollaborationOptions['provider'] = provider
  const codemirror: Parameters<typeof yCollab>[1] = provider.awareness
  const prosemirror: Parameters<typeof yCursorPlugin>[0] = provider.awareness
  const monaco: ConstructorParameters<typeof MonacoBinding>[3] = provider.awareness
  const quill: ConstructorParameters<typeof QuillBinding>[2] = provider.awareness
  const providers = [lexical, factory('', new Map()), blocknote]
  expect(providers.every((one) => one === provider)).toBe(true)
  expect([codemirror, prosemirror, monaco, quill].every((one) => one === provider.awareness)).toBe(true)
  // What returns a promise is disconnected late by Lexical, after it was connected again.
  expect(provider.connect()).toBeUndefined()
  provider.destroy()
})

const doors = {
  'y-websocket’s': () =>
    new WebsocketProvider('ws://localhost', 'room', new Doc(), { secret, connect: false }),
  'Hocuspocus’': () =>
    new HocuspocusProvider({ url: 'ws://localhost', name: 'room', secret, autoConnect: false }),
}

test.each(Object.entries(doors))('the provider that looks like %s has them, too', (_, open) => {
  const provider: WebsocketProvider | HocuspocusProvider = open()
  const lexical: Provider = provider
  const factory: (id: string, docs: Map<string, Doc>) => Provider = () => provider
  const blocknote: CollaborationOptions['provider'] = provider
  const codemirror: Parameters<typeof yCollab>[1] = provider.awareness
  const prosemirror: Parameters<typeof yCursorPlugin>[0] = provider.awareness
  expect([lexical, factory('', new Map()), blocknote].every((one) => one === provider)).toBe(true)
  expect([codemirror, prosemirror].every((one) => one === provider.awareness)).toBe(true)
  expect(provider.connect()).toBeUndefined()
  provider.destroy()
})
