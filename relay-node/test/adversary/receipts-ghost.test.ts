/** A relay that pretends that somebody who has left is still there must not keep an exclusion from being noticed. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { scripts } from '../../../providers/src/testing/index.ts'
import type { Script } from '../../../providers/src/testing/script.ts'
import { createStage } from './stage.ts'

beforeAll(() => cryptoReady)

/** Alice hears of everybody's heads again and again. */
const repeatHeads: Script = {
  outgoing: (frame, { name }, say) => {
    say(frame)
    if (frame.type !== 'ephemeral' || frame.ephemeral.type !== 'heads' || name !== 'alice') return
    for (let second = 1; second < 60; second++) say(frame, second * 1000)
  },
}

const LIES: Readonly<Record<string, readonly Script[]>> = {
  'says nothing of her': [],
  'announces her again, with all that she said': [scripts.replayPresence({ reader: 'alice' })],
  'repeats what everybody has said': [repeatHeads],
}

test.each(Object.entries(LIES))(
  'Erin has left, and the relay %s: that it keeps an edit from somebody else is noticed all the same',
  async (_, lies) => {
    const stage = createStage(1, { receipts: true })
    const [alice, bob] = [stage.open('alice'), stage.open('bob')]
    const [victim, erin] = [stage.open('victim'), stage.open('erin')]
    stage.relay.lie(...lies)
    for (const [name, session] of Object.entries({ alice, bob, victim, erin })) stage.connect(name, session)
    await stage.pass(3000)
    stage.edit(alice, 'one;')
    await stage.pass(3000)
    expect(alice.session.receipts()).toHaveLength(3)
    stage.disconnect(erin)
    await stage.pass(2000)
    stage.relay.lie(...lies, scripts.dropTail({ from: 'alice', reader: 'victim' }))
    stage.edit(alice, 'hidden;')
    for (let round = 0; round < 6; round++) {
      stage.edit(bob, `b${round};`)
      await stage.pass(8000)
    }
    const keyOf = (session: typeof victim) => Buffer.from(session.session.name().author).toString('hex')
    const lacking = new Map(alice.session.receipts().map(({ author, missing }) => [author, missing]))
    expect(Object.fromEntries(lacking)).toEqual({ [keyOf(bob)]: 0, [keyOf(victim)]: 1 })
    expect(alice.alarms.map(({ kind, author }) => ({ kind, author }))).toEqual([
      { kind: 'excluded', author: keyOf(victim) },
    ])
  },
)
