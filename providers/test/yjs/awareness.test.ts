import { describe, expect, test, vi } from 'vitest'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { type AwarenessBinding, bindAwareness, type Page } from '../../src/yjs/awareness.ts'
import { decodeAwarenessUpdate, encodeAwarenessEntries } from '../../src/yjs/awareness-update.ts'
import { claimFrom, createClientIds } from '../../src/yjs/client-ids.ts'
import type { SealsyncProvider } from '../../src/yjs/provider.ts'
import { createStage, until } from './stage.ts'

const stage = createStage()

const nameOf = (provider: SealsyncProvider, of: SealsyncProvider): unknown =>
  provider.awareness.states.get(of.doc.clientID)?.user?.name

describe('over a relay', () => {
  test('others see a cursor, a newcomer at once, and nobody once it has left', async () => {
    const [a, b] = [stage.open(), stage.open()]
    a.awareness.setLocalStateField('user', { name: 'a' })
    await until(() => nameOf(b, a) === 'a')
    const c = stage.open()
    await until(() => c.synced)
    await until(() => nameOf(c, a) === 'a')
    a.destroy()
    await until(() => nameOf(b, a) === undefined && nameOf(c, a) === undefined)
  })

  test('a state comes back after a cut although its clock is the same', async () => {
    const [a, b] = [stage.open(), stage.open()]
    a.awareness.setLocalStateField('user', { name: 'a' })
    await until(() => nameOf(b, a) === 'a')
    a.disconnect()
    await until(() => nameOf(b, a) === undefined)
    expect(a.awareness.getLocalState()).toEqual({ user: { name: 'a' } })
    a.connect()
    await until(() => nameOf(b, a) === 'a')
  })

  test('whoever is disconnected sees nobody but itself', async () => {
    const [a, b] = [stage.open(), stage.open()]
    a.awareness.setLocalStateField('user', { name: 'a' })
    b.awareness.setLocalStateField('user', { name: 'b' })
    await until(() => nameOf(b, a) === 'a')
    b.disconnect()
    expect([...b.awareness.states.keys()]).toEqual([b.doc.clientID])
  })

  test('a state is kept alive beyond the timeout of y-protocols', async () => {
    const [a, b] = [stage.open(), stage.open()]
    a.awareness.setLocalStateField('user', { name: 'a' })
    await until(() => nameOf(b, a) === 'a')
    const removed: unknown[] = []
    b.awareness.on('update', (change: { readonly removed: readonly number[] }) =>
      removed.push(...change.removed),
    )
    await vi.advanceTimersByTimeAsync(120_000)
    expect(removed).toEqual([])
    expect(nameOf(b, a)).toBe('a')
  })

  test('changes that an editor makes in place arrive', async () => {
    const [a, b] = [stage.open(), stage.open()]
    const state = { focusing: true }
    a.awareness.setLocalState(state)
    await until(() => b.awareness.states.get(a.doc.clientID)?.focusing === true)
    state.focusing = false
    a.awareness.setLocalState(state)
    await until(() => b.awareness.states.get(a.doc.clientID)?.focusing === false)
  })

  test('the same document under a new provider keeps its cursor', async () => {
    const [a, b] = [stage.open(), stage.open()]
    a.doc.getText('text').insert(0, 'claims the id')
    a.awareness.setLocalStateField('user', { name: 'a' })
    await until(() => nameOf(b, a) === 'a' && b.doc.getText('text').length > 0)
    a.destroy()
    await until(() => nameOf(b, a) === undefined)
    const again = stage.open({}, a.doc)
    again.awareness.setLocalStateField('user', { name: 'again' })
    await until(() => nameOf(b, again) === 'again')
  })
})

const sessionName = (byte: number) => ({
  author: new Uint8Array(32).fill(byte),
  session: new Uint8Array(8).fill(byte),
})

const stateOf = (clientId: number, state: object | null, clock = 1): Uint8Array =>
  encodeAwarenessEntries([{ clientId, clock, state: JSON.stringify(state) }])

interface Bench {
  readonly awareness: Awareness
  readonly binding: AwarenessBinding
  readonly clientIds: ReturnType<typeof createClientIds>
  readonly sent: (Uint8Array | undefined)[]
  readonly page: EventTarget & Page
}

const origin = { name: 'provider' }

const createBench = (): Bench => {
  const doc = new Y.Doc()
  const awareness = new Awareness(doc)
  const sent: (Uint8Array | undefined)[] = []
  const page = new EventTarget()
  const clientIds = createClientIds()
  const binding = bindAwareness({
    awareness,
    doc,
    origin,
    clientIds,
    present: (payload) => sent.push(payload),
    page,
  })
  return { awareness, binding, clientIds, sent, page }
}

describe('what is sent', () => {
  test('the first change at once, then at most one per 30 ms, the last one included', async () => {
    const { awareness, sent } = createBench()
    await vi.advanceTimersByTimeAsync(30)
    sent.length = 0
    for (let i = 0; i < 10; i++) awareness.setLocalStateField('cursor', i)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(30)
    expect(sent).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1000)
    expect(sent).toHaveLength(2)
    const other = new Awareness(new Y.Doc())
    applyAwarenessUpdate(other, sent[1] ?? new Uint8Array(), 'test')
    expect(other.states.get(awareness.clientID)).toEqual({ cursor: 9 })
    other.destroy()
    awareness.destroy()
  })

  test('withdrawal goes at once, and nothing after it', async () => {
    const { awareness, sent } = createBench()
    awareness.setLocalStateField('cursor', 1)
    awareness.setLocalState(null)
    expect(sent.at(-1)).toBeUndefined()
    const count = sent.length
    await vi.advanceTimersByTimeAsync(1000)
    expect(sent).toHaveLength(count)
    awareness.destroy()
  })

  test('a state that is too large is an error to whoever sets it', async () => {
    const { awareness } = createBench()
    await vi.advanceTimersByTimeAsync(30)
    expect(() => awareness.setLocalStateField('big', 'x'.repeat(70_000))).toThrow('show at most')
    awareness.destroy()
  })

  test('a page that is left shows nothing, and one that comes back shows what it did', () => {
    const { awareness, sent, page } = createBench()
    awareness.setLocalStateField('user', { name: 'a' })
    page.dispatchEvent(new Event('pagehide'))
    expect(sent.at(-1)).toBeUndefined()
    page.dispatchEvent(new Event('pageshow'))
    expect(awareness.getLocalState()).toEqual({ user: { name: 'a' } })
    // An editor that withdraws it itself, right before.
    awareness.setLocalState(null)
    page.dispatchEvent(new Event('pagehide'))
    page.dispatchEvent(new Event('pageshow'))
    expect(awareness.getLocalState()).toEqual({ user: { name: 'a' } })
    // An app that withdrew it long ago.
    awareness.setLocalState(null)
    vi.setSystemTime(Date.now() + 10_000)
    page.dispatchEvent(new Event('pagehide'))
    page.dispatchEvent(new Event('pageshow'))
    expect(awareness.getLocalState()).toBeNull()
    awareness.destroy()
  })
})

describe('what is shown of others', () => {
  test('nobody shows a cursor in the name of somebody who is here', () => {
    const { awareness, binding, clientIds } = createBench()
    clientIds.claimed([{ ...sessionName(1), claim: claimFrom(2 ** 53 - 1) }])
    binding.received(sessionName(1), stateOf(2 ** 53 - 1, { by: 1 }))
    binding.received(sessionName(2), stateOf(2 ** 53 - 1, { by: 2 }, 9))
    expect(awareness.states.get(2 ** 53 - 1)).toEqual({ by: 1 })
    // Used first, not claimed.
    binding.received(sessionName(1), stateOf(7, { by: 1 }))
    binding.received(sessionName(2), stateOf(7, { by: 2 }, 9))
    expect(awareness.states.get(7)).toEqual({ by: 1 })
    binding.received(sessionName(2), stateOf(awareness.clientID, { by: 2 }, 9))
    expect(awareness.getLocalState()).toEqual({})
    awareness.destroy()
  })

  test('an author who claimed an id takes it back from whoever shows it', () => {
    const { awareness, binding, clientIds } = createBench()
    binding.received(sessionName(2), stateOf(7, { by: 2 }))
    clientIds.claimed([{ ...sessionName(1), claim: claimFrom(7) }])
    binding.received(sessionName(1), stateOf(7, { by: 1 }, 2))
    expect(awareness.states.get(7)).toEqual({ by: 1 })
    binding.received(sessionName(2), undefined)
    expect(awareness.states.get(7)).toEqual({ by: 1 })
    binding.received(sessionName(1), undefined)
    expect(awareness.states.has(7)).toBe(false)
    awareness.destroy()
  })

  test('an id that a session does not show any more is gone', () => {
    const { awareness, binding } = createBench()
    binding.received(sessionName(1), stateOf(7, { id: 7 }))
    binding.received(sessionName(1), stateOf(8, { id: 8 }))
    expect(awareness.states.has(7)).toBe(false)
    expect(awareness.states.get(8)).toEqual({ id: 8 })
    awareness.destroy()
  })

  test('bytes that are no awareness update change nothing', () => {
    const { awareness, binding } = createBench()
    const good = stateOf(7, { by: 1 })
    const bad = [
      new Uint8Array(0),
      good.slice(0, -1),
      new Uint8Array([...good, 0]),
      new Uint8Array([255, 255, 255, 255, 15]),
      encodeAwarenessEntries([{ clientId: 7, clock: 1, state: '{' }]),
      encodeAwarenessEntries([{ clientId: 7, clock: 1, state: '[1]' }]),
      encodeAwarenessEntries([{ clientId: 7, clock: 1, state: '"text"' }]),
    ]
    for (const payload of bad) binding.received(sessionName(1), payload)
    expect(awareness.states.size).toBe(1)
    awareness.destroy()
  })

  test('one session shows a handful of ids, not thousands', () => {
    const { awareness, binding } = createBench()
    const entries = Array.from({ length: 1000 }, (_, i) => ({ clientId: i + 1, clock: 1, state: '{}' }))
    binding.received(sessionName(1), encodeAwarenessEntries(entries))
    expect(awareness.states.size).toBeLessThan(10)
    awareness.destroy()
  })

  test('awareness updates are read as y-protocols writes them', () => {
    const awareness = new Awareness(new Y.Doc())
    awareness.setLocalState({ name: 'Ærøskøbing 文字', deep: [1, { x: null }] })
    const update = encodeAwarenessUpdate(awareness, [awareness.clientID])
    const entries = decodeAwarenessUpdate(update)
    expect(entries?.map(({ clientId, state }) => [clientId, JSON.parse(state)])).toEqual([
      [awareness.clientID, awareness.getLocalState()],
    ])
    expect(encodeAwarenessEntries(entries ?? [])).toEqual(update)
    awareness.destroy()
  })
})
