/** Providers that never get a secret: they show themselves and open nothing. */
import { cleanup } from '@testing-library/react'
import { SealsyncProvider } from 'sealsync/yjs'
import { afterEach, vi } from 'vitest'
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness'
import * as Y from 'yjs'

const providers: SealsyncProvider[] = []

afterEach(() => {
  cleanup()
  for (const provider of providers.splice(0)) provider.destroy()
  vi.restoreAllMocks()
})

export const createProvider = (): SealsyncProvider => {
  const provider = new SealsyncProvider('ws://relay.test/', 'room', new Y.Doc(), {
    secret: new Promise(() => {}),
    connect: false,
  })
  providers.push(provider)
  return provider
}

export interface Other {
  readonly clientId: number
  show(state: Record<string, unknown>): void
  leave(): void
}

/** Somebody else, as the provider shows them. */
export const createOther = ({ awareness }: SealsyncProvider): Other => {
  const theirs = new Awareness(new Y.Doc())
  const { clientID } = theirs
  return {
    clientId: clientID,
    show: (state) => {
      theirs.setLocalState(state)
      applyAwarenessUpdate(awareness, encodeAwarenessUpdate(theirs, [clientID]), 'test')
    },
    leave: () => {
      theirs.destroy()
      removeAwarenessStates(awareness, [clientID], 'test')
    },
  }
}

export const edit = ({ doc }: SealsyncProvider): void => doc.getText('text').insert(0, 'x')
