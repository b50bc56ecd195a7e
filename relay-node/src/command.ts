/** What the command `sealsync-relay` does: reads its options, runs a relay, and ends it on a signal. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { type Logger, pino } from 'pino'
import { DEFAULTS } from './options.ts'
import type { RelayEvent } from './relay.ts'
import { startRelay } from './server.ts'

interface Flags {
  readonly port: string
  readonly host: string
  readonly store: string
  readonly logLevel: string
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

/** Runs until a signal ends it. Whatever goes wrong is one line on stderr and exit code 1. */
export const runCommand = async (argv: readonly string[]): Promise<void> => {
  try {
    const flags = parse(argv)
    const log = pino({ level: flags.logLevel })
    const { port, host, store } = flags
    const relay = await startRelay({ port: Number(port), host, store, log: (event) => record(log, event) })
    log.info({ url: relay.url, store }, 'the relay is up')
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'the relay is going away')
        void relay.close().then(() => process.exit(0))
      })
    }
  } catch (error) {
    // Commander has said it already, and its help and version are no errors.
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else {
      process.stderr.write(`sealsync-relay: ${error instanceof Error ? error.message : error}\n`)
      process.exitCode = 1
    }
  }
}

const parse = (argv: readonly string[]): Flags => {
  const command = new Command('sealsync-relay')
    .description('A relay for end-to-end encrypted documents: it stores and forwards what it cannot read.')
    .version(ownVersion())
    .option('--port <number>', 'where to listen; 0 takes any free port', `${DEFAULTS.port}`)
    .option('--host <address>', 'on which address; 0.0.0.0 for all', DEFAULTS.host)
    .option('--store <store>', 'sqlite:PATH, or memory: to forget everything at the end', DEFAULTS.store)
    .addOption(new Option('--log-level <level>', 'how much to log').choices(LEVELS).default('info'))
    .allowExcessArguments(false)
    .exitOverride()
  return command.parse(argv).opts<Flags>()
}

const ownVersion = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return hasVersion ? `${manifest.version}` : 'unknown'
}

const record = (log: Logger, event: RelayEvent): void => {
  switch (event.type) {
    case 'connected':
    case 'disconnected':
      log.debug(event)
      break
    case 'dropped':
    case 'pruned':
    case 'store-recovered':
      log.info(event)
      break
    case 'store-failed':
      log.error({ type: event.type, err: event.error, failures: event.failures })
      break
    case 'fault':
      log.error({ type: event.type, err: event.error })
  }
}
