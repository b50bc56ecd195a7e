/** Who has got what: said truly when the relay is honest, and noticed when it keeps somebody out. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady, signingKey } from '../../../providers/src/crypto.ts'
import { toHex } from '../../../providers/src/protocol/index.ts'
import { scripts } from '../../../providers/src/testing/index.ts'
import { createDisk } from '../simulation/device.ts'
import { createStage, type Session } from './stage.ts'

beforeAll(() => cryptoReady)

const kindsOf = (session: Session): readonly string[] =>
  [...new Set(session.alarms.map(({ kind }) => kind))].sort()
const missingOf = (session: Session): readonly number[] =>
  session.session.receipts().map(({ missing }) => missing)

test('everybody who has an edit says so within two seconds', async () => {
  const stage = createStage(1, { receipts: true })
  const [alice, bob, carol] = [stage.open('alice'), stage.open('bob'), stage.open('carol')]
  for (const [name, session] of Object.entries({ alice, bob, carol })) stage.connect(name, session)
  await stage.pass(3000)
  stage.edit(alice, 'one;', 'two;')
  await stage.pass(2000)
  expect(missingOf(alice)).toEqual([0, 0])
  expect(new Set(alice.session.receipts().map(({ author }) => author)).size).toBe(2)
  // Who leaves is not waited for, and who stays says what it has got since.
  stage.disconnect(bob)
  stage.edit(alice, 'three;')
  await stage.pass(2000)
  expect(missingOf(alice)).toEqual([0])
  expect(kindsOf(alice)).toEqual([])
})

test('without the option there are no receipts, and nobody is waited for', async () => {
  const stage = createStage(1, { receipts: false })
  const [alice, bob] = [stage.open('alice'), stage.open('bob')]
  stage.connect('alice', alice)
  stage.connect('bob', bob)
  await stage.pass(3000)
  stage.edit(alice, 'one;')
  await stage.pass(40_000)
  expect(alice.session.receipts()).toEqual([])
})

test('a reader that receives nothing because it has paused is not taken for excluded', async () => {
  const stage = createStage(1, { receipts: true })
  const [alice, bob, carol] = [stage.open('alice'), stage.open('bob'), stage.open('carol')]
  for (const [name, session] of Object.entries({ alice, bob, carol })) stage.connect(name, session)
  await stage.pass(3000)
  bob.step({ type: 'pause', directions: { receive: true } })
  stage.edit(alice, 'one;')
  await stage.pass(20_000)
  stage.edit(bob, 'typed while paused;')
  await stage.pass(60_000)
  expect(missingOf(alice)).toEqual([0])
  expect(kindsOf(alice)).toEqual([])
})

test('an author whose edits one reader never gets is told within a minute that it is excluded', async () => {
  const stage = createStage(1, { receipts: true })
  const [alice, bob, victim] = [stage.open('alice'), stage.open('bob'), stage.open('victim')]
  for (const [name, session] of Object.entries({ alice, bob, victim })) stage.connect(name, session)
  await stage.pass(3000)
  stage.relay.lie(scripts.dropTail({ from: 'alice', reader: 'victim' }))
  stage.edit(alice, 'hidden;')
  for (let round = 0; round < 6; round++) {
    stage.edit(bob, `b${round};`)
    await stage.pass(8000)
  }
  expect(kindsOf(alice)).toEqual(['excluded'])
  // It names who is kept out.
  const victimKey = toHex(signingKey(new Uint8Array(32).fill('v'.charCodeAt(0))).publicKey)
  expect(alice.alarms.map(({ author }) => author)).toEqual([victimKey])
  expect(kindsOf(bob)).toEqual([])
  // The reader itself hears of it from the others.
  expect(kindsOf(victim)).toEqual(['withheld'])
})

test.each([
  ['after its alarm', 40_000, ['withheld']],
  ['soon after it was named', 1500, []],
] as const)('what the relay withholds is still missed after a restart, %s', async (_, ms, alarms) => {
  const stage = createStage(1)
  const disk = createDisk()
  const [alice, dave] = [stage.open('alice'), stage.open('dave')]
  const victim = stage.open('victim', { disk })
  stage.connect('alice', alice)
  stage.connect('dave', dave)
  stage.connect('victim', victim)
  await stage.pass(1000)
  stage.edit(alice, 'one;')
  await stage.pass(16_000)
  stage.relay.lie(scripts.dropTail({ reader: 'victim' }))
  stage.edit(alice, 'two;')
  await stage.pass(ms)
  expect(kindsOf(victim)).toEqual(alarms)
  expect(disk.entries.has('heads')).toBe(true)
  victim.kill()
  stage.disconnect(victim)
  // From now on nobody is there who could tell it again.
  for (const session of [alice, dave]) stage.disconnect(session)
  stage.relay.lie(scripts.dropTail({ after: stage.relay.log().length - 1, reader: 'victim' }))
  const again = stage.open('victim', { disk })
  stage.connect('victim', again)
  await stage.pass(60_000)
  expect(kindsOf(again)).toEqual(['withheld'])
  stage.relay.lie()
  stage.relay.restart()
  await stage.pass(20_000)
  expect([...again.document.edits()].sort()).toEqual(['one;', 'two;'])
  expect(disk.entries.has('heads')).toBe(false)
})

test('who is shown nothing from the first edit on is told by a single witness within a minute', async () => {
  for (const [seed, receipts] of [1, 2, 3, 4, 5].flatMap((n) => [[n, false] as const, [n, true] as const])) {
    const stage = createStage(seed, { receipts })
    const [alice, victim] = [stage.open('alice'), stage.open('victim')]
    stage.connect('alice', alice)
    stage.connect('victim', victim)
    stage.relay.lie(scripts.dropTail({ after: 0, reader: 'victim' }))
    await stage.pass(1000)
    stage.edit(alice, 'one;')
    await stage.pass(60_000)
    expect(kindsOf(victim), `seed ${seed}`).toEqual(['withheld'])
    // The witness hears that the only other one lacks what it has written, if they tell each other that.
    expect(kindsOf(alice), `seed ${seed}`).toEqual(receipts ? ['excluded'] : [])
  }
})
