/** The model relay in the place of the simulation's host: what it takes is durable at once, and it has no disk that fails. */
import { createModelRelay, type ModelRelay } from '../../../providers/src/testing/model-relay.ts'
import type { Wire } from '../../../providers/src/testing/network.ts'
import type { CreateHost } from '../simulation/host.ts'
import { dialInto } from './dial.ts'

export const createModelHost: CreateHost = ({ clock, random, knobs, verify, isHealed, losesFrames }) => {
  const wires = new Set<Wire>()
  const begin = (): ModelRelay => createModelRelay({ random, verify, now: clock.now })
  const losesFrame = (): boolean =>
    losesFrames?.() === true || (!isHealed() && random.chance(knobs.frameLoss))
  let relay = begin()
  let isUp = true
  let backup: number | undefined
  let isSetBack = false

  const crash = (): void => {
    isUp = false
    for (const wire of wires) wire.cut()
    relay.restart()
    wires.clear()
  }

  return {
    isUp: () => isUp,
    crash,
    start: () => {
      isUp = true
    },
    backUp: () => {
      backup = relay.log().length
    },
    hasBackup: () => backup !== undefined,
    restore: (rawLogId) => {
      if (backup === undefined) return
      isSetBack ||= relay.log().length > backup
      crash()
      relay.setBack(backup, rawLogId ? 'same' : 'new')
      isUp = true
    },
    wasSetBack: () => isSetBack,
    wipe: () => {
      crash()
      relay = begin()
      isUp = true
    },
    prune: () => relay.prune(),
    lastCommitAt: () => relay.log().at(-1)?.at ?? 0,
    commits: () => relay.log().length,
    dial: (...args) => (isUp ? dialInto(relay, { clock, random, losesFrame, wires })(...args) : undefined),
  }
}
