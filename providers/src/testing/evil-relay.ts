/**
 * A relay that lies: the model relay, and scripts that change what particular readers get of it. A client under test must
 * never apply what no honest author wrote, never lose what it held, and raise the alarm that docs/threat-model.md names.
 */
import { createRelayOf, type ModelRelay, type ModelRelayOptions } from './model-relay.ts'
import { type Script, together } from './script.ts'

export interface EvilRelayOptions extends ModelRelayOptions {
  /** What it does from the beginning; without it the relay is honest until it is told to lie. */
  readonly script?: Script | readonly Script[]
  /** Runs something later, for scripts that dawdle. Default: `setTimeout`; in simulated time `clock.after`. */
  readonly after?: (delayMs: number, run: () => void) => unknown
}

export interface EvilRelay extends ModelRelay {
  /** From now on it does this and nothing else; without scripts it is honest. What they show at last is delivered at once. */
  lie(...scripts: readonly Script[]): void
}

/**
 * A lying relay. Its sockets wait for the cryptography to load; before `connect`, await `cryptoReady`.
 *
 * @example
 * const relay = createEvilRelay({ random: createRandom(1) })
 * relay.lie(scripts.dropTail({ reader: 'bob' }))
 */
export const createEvilRelay = ({
  script = [],
  after = (delayMs, run) => setTimeout(run, delayMs),
  ...options
}: EvilRelayOptions): EvilRelay => {
  let lies: Script = {}
  const { relay, reconsider } = createRelayOf(
    options,
    () => lies,
    (delayMs, run) => void after(delayMs, run),
  )

  const lie = (...scripts: readonly Script[]): void => {
    // An honest relay is one without hooks, not one whose hooks do nothing.
    lies = scripts.length === 0 ? {} : together(scripts)
    for (const one of scripts) one.begin?.(relay)
    reconsider()
  }

  lie(...[script].flat())
  return Object.assign(relay, { lie })
}
