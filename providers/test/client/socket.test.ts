import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createSocket, type Socket, type SocketOptions } from '../../src/client/socket.ts'

/** A WebSocket that does what the test says. */
class FakeSocket extends EventTarget {
  static all: FakeSocket[] = []
  static get last(): FakeSocket {
    const last = FakeSocket.all.at(-1)
    if (last === undefined) throw new Error('no socket was made')
    return last
  }
  readonly url: string
  readyState = 0
  binaryType = 'blob'
  readonly sent: Uint8Array[] = []
  closedWith: number | undefined

  constructor(url: string) {
    super()
    this.url = url
    FakeSocket.all.push(this)
  }
  accept(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
  end(code: number): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason: 'because' }))
  }
  refuse(): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('error'), { error: new Error('refused') }))
  }
  message(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
  send(bytes: Uint8Array): void {
    this.sent.push(bytes)
  }
  close(code: number): void {
    this.readyState = 2
    this.closedWith = code
  }
}

let socket: Socket
let dice = 0.5
let url = 'ws://a.test/'
const said: string[] = []
const address = vi.fn<SocketOptions['address']>()

const make = (): Socket =>
  createSocket({
    address,
    WebSocketPolyfill: FakeSocket,
    dice: () => dice,
    onAttempt: () => said.push('attempt'),
    onOpen: (token) => said.push(`open ${token}`),
    onMessage: (bytes) => said.push(`message ${bytes.join('.')}`),
    onEnd: ({ code, final, isLocal }) =>
      said.push(`end ${code}${final ? ' final' : ''}${isLocal ? ' here' : ''}`),
    onError: ({ message }) => said.push(`error ${message}`),
  })

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  said.length = 0
  dice = 0.5
  url = 'ws://a.test/'
  let count = 0
  address.mockReset().mockImplementation(async () => ({ url, token: `token ${++count}` }))
  socket = make()
})
afterEach(() => {
  socket.close(1000, '')
  vi.useRealTimers()
})

const pass = async (ms = 0): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms)
}

const connect = async (): Promise<void> => {
  await pass()
  FakeSocket.last.accept()
}

test('does nothing before it is opened, and hands over what it sends and gets', async () => {
  await pass(60_000)
  expect(FakeSocket.all).toEqual([])
  expect(socket.send(Uint8Array.of(1))).toBe(false)
  socket.open()
  socket.open()
  await connect()
  expect(FakeSocket.last.binaryType).toBe('arraybuffer')
  expect(socket.send(Uint8Array.of(1))).toBe(true)
  FakeSocket.last.message(Uint8Array.of(1, 2).buffer)
  FakeSocket.last.message('text')
  expect(FakeSocket.last.sent).toEqual([Uint8Array.of(1)])
  expect(said.filter((entry) => entry !== 'attempt')).toEqual(['open token 1', 'message 1.2', 'message '])
  expect(FakeSocket.all).toHaveLength(1)
})

test('queues nothing while it is down', async () => {
  socket.open()
  await connect()
  FakeSocket.last.end(1006)
  expect(socket.send(Uint8Array.of(1))).toBe(false)
  await pass(60_000)
  FakeSocket.last.accept()
  expect(FakeSocket.last.sent).toEqual([])
})

describe('trying again', () => {
  const delays = async (attempts: number): Promise<number[]> => {
    const found: number[] = []
    for (let attempt = 0; attempt < attempts; attempt++) {
      const before = FakeSocket.all.length
      FakeSocket.last.refuse()
      let waited = 0
      while (FakeSocket.all.length === before) {
        await pass(50)
        waited += 50
      }
      found.push(waited)
    }
    return found
  }

  test('waits a random part of 500 ms, doubled each time, up to 30 s', async () => {
    dice = 1
    socket.open()
    await pass()
    expect(await delays(9)).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000])
    dice = 0
    expect(await delays(2)).toEqual([50, 50])
  })

  test('begins short again only after a connection that was greeted and lasted', async () => {
    dice = 1
    socket.open()
    await pass()
    await delays(5)
    FakeSocket.last.accept()
    await pass(60_000)
    expect(await delays(1)).toEqual([16000])
    FakeSocket.last.accept()
    socket.settle()
    expect(await delays(1)).toEqual([30000])
    FakeSocket.last.accept()
    socket.settle()
    await pass(5_000)
    expect(await delays(1)).toEqual([500])
  })

  test('can be hurried', async () => {
    dice = 1
    socket.open()
    await pass()
    await delays(6)
    FakeSocket.last.refuse()
    const before = FakeSocket.all.length
    await pass(100)
    expect(FakeSocket.all).toHaveLength(before)
    socket.hurry()
    await pass()
    expect(FakeSocket.all).toHaveLength(before + 1)
    socket.hurry()
    await pass()
    expect(FakeSocket.all).toHaveLength(before + 1)
  })

  test('asks for address and token anew', async () => {
    socket.open()
    await connect()
    url = 'ws://b.test/'
    FakeSocket.last.end(1012)
    await pass(1000)
    FakeSocket.last.accept()
    expect(FakeSocket.all.map((one) => one.url)).toEqual(['ws://a.test/', 'ws://b.test/'])
    expect(said.at(-1)).toBe('open token 2')
  })

  test('goes on when address or token cannot be had, or never come', async () => {
    address.mockRejectedValueOnce(new Error('expired'))
    address.mockImplementationOnce(() => new Promise(() => undefined))
    socket.open()
    await pass(1000)
    expect(said).toContain('error expired')
    await pass(31_000)
    await connect()
    expect(said.filter((entry) => entry.startsWith('error'))).toHaveLength(2)
    expect(said.at(-1)).toBe('open token 1')
  })

  test('gives up on a socket that does not open in 10 s', async () => {
    socket.open()
    await pass(10_000)
    await pass(1000)
    expect(FakeSocket.all).toHaveLength(2)
  })
})

describe('close codes', () => {
  test.each([4400, 4401, 4499])('%i is final, until it is opened again', async (code) => {
    socket.open()
    await connect()
    FakeSocket.last.end(code)
    expect(said.at(-1)).toBe(`end ${code} final`)
    await pass(120_000)
    expect(FakeSocket.all).toHaveLength(1)
    socket.open()
    await connect()
    expect(FakeSocket.all).toHaveLength(2)
  })

  test.each([1000, 1006, 1011, 1012, 1013, 4399, 4500, 4503])('%i is not', async (code) => {
    socket.open()
    await connect()
    FakeSocket.last.end(code)
    expect(said.at(-1)).toBe(`end ${code}`)
    await pass(1000)
    expect(FakeSocket.all).toHaveLength(2)
  })

  test('of our own: a drop tries again, unless it is a permanent one', async () => {
    socket.open()
    await connect()
    socket.drop(4508, 'silent')
    expect(FakeSocket.last.closedWith).toBe(4508)
    expect(said.at(-1)).toBe('end 4508 here')
    await pass(1000)
    FakeSocket.last.accept()
    expect(FakeSocket.all).toHaveLength(2)
    socket.drop(4406, 'version')
    expect(said.at(-1)).toBe('end 4406 final here')
    await pass(120_000)
    expect(FakeSocket.all).toHaveLength(2)
    socket.open()
    await connect()
    socket.close(1000, '')
    expect(said.at(-1)).toBe('end 1000 here')
    socket.open()
    await connect()
    FakeSocket.last.end(1000)
    expect(said.at(-1)).toBe('end 1000')
  })
})

describe('close', () => {
  test('leaves no timer behind, at whatever moment', async () => {
    const moments: (() => Promise<void>)[] = [
      async () => undefined,
      () => pass(),
      () => connect(),
      async () => {
        await connect()
        FakeSocket.last.end(1006)
      },
      async () => {
        await pass()
        FakeSocket.last.refuse()
        await pass(1)
      },
      async () => {
        address.mockImplementationOnce(() => new Promise(() => undefined))
        await pass()
      },
    ]
    for (const moment of moments) {
      const before = FakeSocket.all.length
      socket.open()
      await moment()
      socket.close(1000, '')
      socket.close(1000, '')
      await pass()
      expect(vi.getTimerCount()).toBe(0)
      expect(FakeSocket.all.slice(before).every((one) => one.readyState !== 1)).toBe(true)
      socket = make()
    }
  })

  test('and open in one turn lead to the new address', async () => {
    for (const ready of [async () => undefined, () => pass(), () => connect()]) {
      url = 'ws://old.test/'
      socket.open()
      await ready()
      socket.close(1000, '')
      url = 'ws://new.test/'
      socket.open()
      await pass(1000)
      FakeSocket.last.accept()
      await pass(2000)
      const { last } = FakeSocket
      if (last.readyState === 0) last.accept()
      expect(last.url).toBe('ws://new.test/')
      expect(socket.send(Uint8Array.of(1))).toBe(true)
      socket.close(1000, '')
    }
  })

  test('keeps late messages and events of the old socket from being heard', async () => {
    socket.open()
    await connect()
    const old = FakeSocket.last
    socket.close(1000, '')
    const before = said.length
    old.message(Uint8Array.of(1).buffer)
    old.end(1006)
    expect(said).toHaveLength(before)
  })
})
