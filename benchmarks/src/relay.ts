/** A relay in a process of its own, on a database file, that can be killed and started again in its place. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface RelayProcess {
  readonly url: string
  /** Ends the process without warning, as a power cut would. */
  kill(): Promise<void>
  /** Starts it again on the same port and database; resolves once it answers. */
  start(): Promise<void>
  /** Ends it and removes its database. Idempotent. */
  remove(): Promise<void>
}

const COMMAND = fileURLToPath(new URL('./bin.ts', import.meta.resolve('sealsync-relay')))
const START_MS = 20_000

/** Starts a relay on a free port of this machine. */
export const startRelayProcess = async (): Promise<RelayProcess> => {
  const directory = mkdtempSync(join(tmpdir(), 'sealsync-relay-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  let said = ''
  const killOnExit = (): void => {
    child?.kill('SIGKILL')
  }
  process.once('exit', killOnExit)

  const kill = async (): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const ended = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill('SIGKILL')
    await ended
  }

  const start = async (): Promise<void> => {
    const store = `sqlite:${join(directory, 'relay.db')}`
    const args = ['--conditions=sealsync-source', COMMAND, '--port', `${port}`, '--store', store]
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    said = ''
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-2_000)
    }
    started.stdout.on('data', hear)
    started.stderr.on('data', hear)
    const deadline = Date.now() + START_MS
    while (!(await answers(port))) {
      if (started.exitCode !== null || Date.now() > deadline)
        throw new Error(`the relay did not start:\n${said}`)
      await sleep(10)
    }
  }

  const relay: RelayProcess = {
    url: `ws://127.0.0.1:${port}`,
    kill,
    start,
    remove: async () => {
      await kill()
      process.off('exit', killOnExit)
      rmSync(directory, { recursive: true, force: true })
    },
  }
  await start().catch(async (error: unknown) => {
    await relay.remove()
    throw error
  })
  return relay
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  )

/** A port that was free a moment ago: a relay that is to come back in its place must know it beforehand. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
