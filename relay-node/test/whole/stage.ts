/** Real providers, a real relay process, real sockets. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SealsyncProvider } from 'sealsync/yjs'
import * as Y from 'yjs'

interface RelayProcess {
  readonly url: string
  /** Everything it has printed. */
  output(): string
  /** SIGKILL: no goodbye, no last write. */
  kill(): Promise<void>
}

export interface Stage {
  /** A directory of its own, removed at the end. */
  readonly directory: string
  relay(store: string, port?: number): Promise<RelayProcess>
  provider(
    url: string,
    options: ConstructorParameters<typeof SealsyncProvider>[3],
    room?: string,
    doc?: Y.Doc,
  ): SealsyncProvider
  end(): Promise<void>
}

const BIN = new URL('../../src/bin.ts', import.meta.url).pathname

export const createStage = (): Stage => {
  const directory = mkdtempSync(join(tmpdir(), 'sealsync-'))
  const relays = new Set<RelayProcess>()
  const providers: SealsyncProvider[] = []
  return {
    directory,
    relay: async (store, port) => {
      const relay = await startProcess(store, port ?? (await freePort()))
      relays.add(relay)
      return relay
    },
    provider: (url, options, room = 'a room', doc = new Y.Doc()) => {
      const provider = new SealsyncProvider(url, room, doc, options)
      providers.push(provider)
      return provider
    },
    end: async () => {
      for (const provider of providers) provider.destroy()
      for (const relay of relays) await relay.kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

const startProcess = async (store: string, port: number): Promise<RelayProcess> => {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=sealsync-source', BIN, '--port', `${port}`, '--store', store, '--log-level', 'debug'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      if (output.includes('the relay is up')) resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    void gone.then(() => reject(new Error(`the relay ended: ${output}`)))
  })
  return {
    url: `ws://127.0.0.1:${port}`,
    output: () => output,
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Waits for a condition, never for a time; fails after `limitMs`. */
export const until = async (condition: () => boolean, what: string, limitMs = 15_000): Promise<void> => {
  const end = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still waiting: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const textOf = (provider: SealsyncProvider): string => provider.doc.getText('text').toString()

export const type = (provider: SealsyncProvider, text: string): void => {
  const shared = provider.doc.getText('text')
  shared.insert(shared.length, text)
}
