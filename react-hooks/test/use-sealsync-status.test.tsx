import { act, render, renderHook, screen } from '@testing-library/react'
import { StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import type { SealsyncProvider } from 'sealsync/yjs'
import { expect, test, vi } from 'vitest'
import { useSealsyncStatus } from '../src/index.ts'
import { createOther, createProvider, edit } from './stage.ts'

interface Props {
  readonly provider: SealsyncProvider | null | undefined
}

const Status = ({ provider, onRender }: Props & { readonly onRender?: () => void }) => {
  const { connection, syncStatus, unsyncedChanges } = useSealsyncStatus(provider)
  onRender?.()
  return <p>{`${connection} ${syncStatus} ${unsyncedChanges}`}</p>
}

test('shows what the provider shows, and follows it', () => {
  const provider = createProvider()
  render(<Status provider={provider} />)
  expect(screen.getByText('disconnected loading 0')).toBeDefined()
  act(() => edit(provider))
  expect(screen.getByText('disconnected loading 1')).toBeDefined()
  expect(renderHook(() => useSealsyncStatus(provider)).result.current).toBe(provider.getSnapshot())
})

test('what happens between rendering and subscribing is not lost', () => {
  const provider = createProvider()
  let isFirst = true
  render(
    <Status
      provider={provider}
      onRender={() => {
        if (isFirst) edit(provider)
        isFirst = false
      }}
    />,
  )
  expect(screen.getByText('disconnected loading 1')).toBeDefined()
})

test('without a provider it is loading, and a provider may come, change and go', () => {
  const [a, b] = [createProvider(), createProvider()]
  edit(b)
  const { result, rerender } = renderHook(({ provider }: Props) => useSealsyncStatus(provider), {
    initialProps: { provider: null } as Props,
  })
  const without = result.current
  expect(without.syncStatus).toBe('loading')
  rerender({ provider: a })
  expect(result.current.unsyncedChanges).toBe(0)
  rerender({ provider: b })
  expect(result.current.unsyncedChanges).toBe(1)
  rerender({ provider: undefined })
  expect(result.current).toBe(without)
})

test('it leaves no listener behind, in StrictMode either', () => {
  const provider = createProvider()
  const listeners = new Set<unknown>()
  const { on, off } = provider
  vi.spyOn(provider, 'on').mockImplementation((name, listener) => {
    listeners.add(listener)
    on.call(provider, name, listener)
  })
  vi.spyOn(provider, 'off').mockImplementation((name, listener) => {
    listeners.delete(listener)
    off.call(provider, name, listener)
  })
  const { unmount } = render(
    <StrictMode>
      <Status provider={provider} />
    </StrictMode>,
  )
  expect(listeners.size).toBe(1)
  unmount()
  expect(listeners.size).toBe(0)
})

test('a thousand cursors do not render it', () => {
  const provider = createProvider()
  const onRender = vi.fn()
  render(<Status provider={provider} onRender={onRender} />)
  onRender.mockClear()
  const other = createOther(provider)
  act(() => {
    for (let i = 0; i < 1000; i++) other.show({ cursor: i })
  })
  other.leave()
  expect(onRender).not.toHaveBeenCalled()
})

test('on a server it shows one constant status', () => {
  const provider = createProvider()
  edit(provider)
  expect(renderToString(<Status provider={provider} />)).toBe('<p>disconnected loading 0</p>')
})
