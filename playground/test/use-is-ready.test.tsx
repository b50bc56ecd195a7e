import { load, save } from '@automerge/automerge'
import { type DocHandle, Repo } from '@automerge/automerge-repo'
import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, test } from 'vitest'
import { useIsReady } from '../src/tasks/use-is-ready.ts'

const Shown = ({ handle }: { readonly handle: DocHandle<unknown> }) => String(useIsReady(handle))

test('a document that could not be found is there as soon as somebody sends it', async () => {
  const made = new Repo().create({ tasks: ['one'] })
  const repo = new Repo()
  await expect(repo.find(made.url)).rejects.toThrow('unavailable')
  const { handle } = repo.findWithProgress(made.url)
  const element = document.createElement('p')
  const root = createRoot(element)
  Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true)
  await act(async () => root.render(<Shown handle={handle} />))
  expect(element.textContent).toBe('false')
  await act(async () => handle.update(() => load(save(made.doc()))))
  expect(element.textContent).toBe('true')
  await act(async () => root.unmount())
})
