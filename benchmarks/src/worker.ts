/**
 * A TypeScript file that runs in a process of its own and speaks in messages. Processes are forked from the same
 * sources, so what arrives is what was sent: messages are typed, not checked.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Message {
  readonly type: string
}

export interface Worker<Out extends Message, In extends Message> {
  /** Resolves once it listens. */
  readonly ready: Promise<void>
  send(message: Out): void
  /** The next message of this type, counting from this call; rejects when it fails or has failed. */
  next<Type extends In['type']>(type: Type): Promise<Extract<In, { type: Type }>>
  /** Hears every message; returns how to stop. */
  listen(hear: (message: In) => void): () => void
  /** Lets the process end as it likes to, which is when a profile is written. */
  end(): Promise<void>
  /** Ends the process, however busy it is. Idempotent. */
  kill(): Promise<void>
}

/** What every worker may say: that it listens, or that it cannot go on. */
type Signal = { readonly type: 'ready' } | { readonly type: 'failed'; readonly message: string }

/** What a worker hears of whoever started it. */
export interface Starter<Out extends Message, In extends Message> {
  send(message: Out): void
  /** From here on the worker counts as ready. */
  listen(hear: (message: In) => void): void
}

/** Starts `file`; `nodeOptions` for example `--cpu-prof`. */
export const startWorker = <Out extends Message, In extends Message>(
  file: URL,
  nodeOptions: readonly string[] = [],
): Worker<Out, In> => {
  const child: ChildProcess = fork(fileURLToPath(file), [], {
    execArgv: ['--conditions=sealsync-source', ...nodeOptions],
    // Bytes travel as bytes.
    serialization: 'advanced',
  })
  const listeners = new Set<(message: In) => void>()
  const waiting = new Set<(error: Error) => void>()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let failure: Error | undefined

  const fail = (reason: string): void => {
    failure ??= new Error(`${file.pathname}: ${reason}`)
    for (const reject of [...waiting]) reject(failure)
    waiting.clear()
  }
  /** Rejects when the worker fails meanwhile, or has failed already. */
  const orFail = <T>(begin: (resolve: (value: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) return reject(failure)
      waiting.add(reject)
      begin((value) => {
        waiting.delete(reject)
        resolve(value)
      })
    })

  let isListening = (): void => undefined
  const ready = orFail<void>((resolve) => {
    isListening = resolve
  })
  // Whoever does not wait for it hears of a failure all the same, from the next thing that is waited for.
  ready.catch(() => undefined)
  child.on('message', (message: unknown) => {
    if (isMessage<Signal>(message) && message.type === 'ready') isListening()
    else if (isMessage<Signal>(message) && message.type === 'failed') fail(message.message)
    else if (isMessage<In>(message)) for (const hear of [...listeners]) hear(message)
  })
  child.on('error', (error) => fail(error.message))
  child.on('exit', (code, signal) => fail(`ended with ${code ?? signal}`))

  const listen = (hear: (message: In) => void): (() => void) => {
    listeners.add(hear)
    return () => listeners.delete(hear)
  }

  return {
    ready,
    send: (message) => {
      if (child.connected) child.send(message)
    },
    next: (type) =>
      orFail((resolve) => {
        const stop = listen((message) => {
          if (!isOfType(message, type)) return
          stop()
          resolve(message)
        })
      }),
    listen,
    end: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The other end, within the process that was started. It ends with its starter. */
export const starter = <Out extends Message, In extends Message>(): Starter<Out, In> => {
  process.once('disconnect', () => process.exit())
  const send = (message: Out | Signal): void => {
    process.send?.(message)
  }
  const fail = (error: unknown): void =>
    send({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  return {
    send,
    listen: (hear) => {
      process.on('message', (message: unknown) => {
        if (isMessage<In>(message)) hear(message)
      })
      send({ type: 'ready' })
    },
  }
}

const isMessage = <Kind extends Message>(value: unknown): value is Kind =>
  typeof value === 'object' && value !== null && 'type' in value

const isOfType = <Kind extends Message, Type extends Kind['type']>(
  message: Kind,
  type: Type,
): message is Extract<Kind, { type: Type }> => message.type === type
