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
  send(message: Out): void
  /** The next message of this type, counting from this call; rejects when the process ends or says `failed`. */
  next<Type extends In['type']>(type: Type): Promise<Extract<In, { type: Type }>>
  /** Hears every message; returns how to stop. */
  listen(hear: (message: In) => void): () => void
  /** Lets the process end as it likes to, which is when a profile is written. */
  end(): Promise<void>
  /** Ends the process, however busy it is. Idempotent. */
  kill(): Promise<void>
}

/** The message that every worker may send when it cannot go on. */
interface Failed {
  readonly type: 'failed'
  readonly message: string
}

/** What a worker hears of whoever started it. */
export interface Starter<Out extends Message, In extends Message> {
  send(message: Out | Failed): void
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

  const fail = (reason: string): void => {
    for (const reject of [...waiting]) reject(new Error(`${file.pathname}: ${reason}`))
    waiting.clear()
  }
  child.on('message', (message: unknown) => {
    if (isMessage<Failed>(message) && message.type === 'failed') fail(message.message)
    else if (isMessage<In>(message)) for (const hear of [...listeners]) hear(message)
  })
  child.on('error', (error) => fail(error.message))
  child.on('exit', (code, signal) => fail(`ended with ${code ?? signal}`))

  const listen = (hear: (message: In) => void): (() => void) => {
    listeners.add(hear)
    return () => listeners.delete(hear)
  }

  return {
    send: (message) => {
      if (child.connected) child.send(message)
    },
    next: (type) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null)
          return reject(new Error('the worker has ended'))
        waiting.add(reject)
        const stop = listen((message) => {
          if (!isOfType(message, type)) return
          stop()
          waiting.delete(reject)
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
  const send = (message: Out | Failed): void => {
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
    },
  }
}

const isMessage = <Kind extends Message>(value: unknown): value is Kind =>
  typeof value === 'object' && value !== null && 'type' in value

const isOfType = <Kind extends Message, Type extends Kind['type']>(
  message: Kind,
  type: Type,
): message is Extract<Kind, { type: Type }> => message.type === type
