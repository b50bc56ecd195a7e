import { act, render, renderHook, screen } from '@testing-library/react'
import { StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import type { SealsyncProvider } from 'sealsync/yjs'
import { expect, test, vi } from 'vitest'
import { isShallowEqual, type PresentClient, usePresence } from '../src/index.ts'
import { createOther, createProvider } from './stage.ts'

const frame = (): Promise<void> =>
  act(async () => {
    await new Promise((resolve) => requestAnimationFrame(resolve))
  })

const namesOf = (others: readonly PresentClient[]): unknown[] => others.map(({ state }) => state.name)

interface Props {
  readonly provider: SealsyncProvider | null
}

const Names = ({ provider, onRender }: Props & { readonly onRender?: () => void }) => {
  const names = usePresence(provider, namesOf)
  onRender?.()
  return <p>{`names: ${names.join()}`}</p>
}

test('shows others and not oneself, also those who were there before', async () => {
  const provider = createProvider()
  provider.awareness.setLocalStateField('name', 'me')
  const [a, b] = [createOther(provider), createOther(provider)]
  a.show({ name: 'a' })
  render(<Names provider={provider} />)
  expect(screen.getByText('names: a')).toBeDefined()
  b.show({ name: 'b' })
  await frame()
  expect(screen.getByText('names: a,b')).toBeDefined()
  a.leave()
  await frame()
  expect(screen.getByText('names: b')).toBeDefined()
  b.leave()
})

test('entries are frozen, and the same until their client shows something else', async () => {
  const provider = createProvider()
  const [a, b] = [createOther(provider), createOther(provider)]
  a.show({ name: 'a', cursor: { at: 1 } })
  b.show({ name: 'b' })
  const { result } = renderHook(() => usePresence(provider))
  const [firstA, firstB] = result.current
  expect(Object.isFrozen(result.current)).toBe(true)
  expect(Object.isFrozen(firstA?.state.cursor)).toBe(true)
  a.show({ name: 'a', cursor: { at: 2 } })
  await frame()
  expect(result.current[0]).toEqual({ clientId: a.clientId, state: { name: 'a', cursor: { at: 2 } } })
  expect(result.current[0]).not.toBe(firstA)
  expect(result.current[1]).toBe(firstB)
  const list = result.current
  b.show({ name: 'b' })
  await frame()
  expect(result.current).toBe(list)
  for (const other of [a, b]) other.leave()
})

test('it renders at most once per frame, and not at all when what is selected stays equal', async () => {
  const provider = createProvider()
  const other = createOther(provider)
  other.show({ name: 'a', cursor: 0 })
  const onRender = vi.fn()
  const all = vi.fn()
  render(<Names provider={provider} onRender={onRender} />)
  renderHook(() => {
    all()
    return usePresence(provider)
  })
  onRender.mockClear()
  all.mockClear()
  for (let i = 1; i <= 1000; i++) other.show({ name: 'a', cursor: i })
  await frame()
  expect(onRender).not.toHaveBeenCalled()
  expect(all).toHaveBeenCalledTimes(1)
  other.leave()
})

test('a selector that is new at each render does not render for ever', async () => {
  const provider = createProvider()
  const other = createOther(provider)
  other.show({ name: 'a' })
  const { result, rerender } = renderHook(() =>
    usePresence(provider, (others) => others.map(({ clientId }) => clientId)),
  )
  const before = result.current
  expect(before).toEqual([other.clientId])
  rerender()
  expect(result.current).toBe(before)
  other.show({ name: 'b' })
  await frame()
  expect(result.current).toBe(before)
  other.leave()
})

test('it leaves no listener behind, in StrictMode either, and components share one', () => {
  const provider = createProvider()
  const { awareness } = provider
  const count = (): number => awareness._observers.get('update')?.size ?? 0
  const before = count()
  const { unmount } = render(
    <StrictMode>
      <Names provider={provider} />
      <Names provider={provider} />
    </StrictMode>,
  )
  expect(count()).toBe(before + 1)
  unmount()
  expect(count()).toBe(before)
})

test('a provider may come, change and go', () => {
  const [first, second] = [createProvider(), createProvider()]
  const [a, b] = [createOther(first), createOther(second)]
  a.show({ name: 'a' })
  b.show({ name: 'b' })
  const { result, rerender } = renderHook(({ provider }: Props) => usePresence(provider, namesOf), {
    initialProps: { provider: null } as Props,
  })
  expect(result.current).toEqual([])
  rerender({ provider: first })
  expect(result.current).toEqual(['a'])
  rerender({ provider: second })
  expect(result.current).toEqual(['b'])
  rerender({ provider: null })
  expect(result.current).toEqual([])
  for (const other of [a, b]) other.leave()
})

test('on a server nobody is there', () => {
  const provider = createProvider()
  const other = createOther(provider)
  other.show({ name: 'a' })
  expect(renderToString(<Names provider={provider} />)).toBe('<p>names: </p>')
  other.leave()
})

test('shallowly equal is what has the same members', () => {
  expect(isShallowEqual([1, 'a'], [1, 'a'])).toBe(true)
  expect(isShallowEqual({ a: Number.NaN }, { a: Number.NaN })).toBe(true)
  expect(isShallowEqual([1], { 0: 1 })).toBe(false)
  expect(isShallowEqual({ a: undefined }, { b: undefined })).toBe(false)
  expect(isShallowEqual([{}], [{}])).toBe(false)
  expect(isShallowEqual(null, {})).toBe(false)
})
