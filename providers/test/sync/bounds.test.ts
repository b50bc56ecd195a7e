/** What a relay can make a session remember: nothing without a bound, whatever it makes up. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady, signingKey } from '../../src/crypto.ts'
import { documentKeys } from '../../src/keys/root.ts'
import { createVault } from '../../src/keys/vault.ts'
import { LIMITS, NO_ID } from '../../src/protocol/index.ts'
import { createAdmission } from '../../src/sync/admission.ts'
import { createChains } from '../../src/sync/chains.ts'
import { encodeEphemeralInner } from '../../src/sync/content.ts'
import { createPresence } from '../../src/sync/presence.ts'
import type { Vault } from '../../src/sync/vault.ts'
import { fakeSigning, fakeVerify } from '../../src/testing/fake-signing.ts'

beforeAll(() => cryptoReady)

const vaultOf = (device: number): Vault =>
  createVault({
    keys: documentKeys(new Uint8Array(32).fill(7), 'room'),
    deviceSeed: new Uint8Array(32).fill(device),
    role: 'writer',
    signing: fakeSigning(signingKey),
  })
const session = new Uint8Array(8).fill(3)

test('nothing is remembered of a session whose certificate was never shown', () => {
  const [own, other] = [vaultOf(1), vaultOf(2)]
  const chains = createChains({
    ...{ vault: own, verify: fakeVerify, isReadable: () => true },
    inflate: () => undefined,
  })
  const fields = { session, seq: 0, prev: NO_ID, base: NO_ID, logHeight: 0, deps: [], padded: false }
  const update = other.sealUpdate(fields, new Uint8Array(1))
  expect(chains.take([update])).toEqual({ type: 'gap' })
  expect(chains.get(update)).toBeUndefined()
  chains.certify(other.certify(session))
  chains.take([update])
  expect(chains.get(update)).toBeDefined()
})

test('a certificate that was admitted is not checked again, one with another signature or session is', () => {
  const vault = vaultOf(1)
  let checks = 0
  const admits = createAdmission(vault, (...asked) => {
    checks += 1
    return fakeVerify(...asked)
  })
  const certificate = vaultOf(2).certify(session)
  expect([admits(certificate), admits({ ...certificate })]).toEqual([true, true])
  expect(checks).toBe(1)
  const forged = { ...certificate, signature: new Uint8Array(64).fill(1) }
  expect([admits(forged), admits(forged)]).toEqual([false, false])
  expect(admits({ ...certificate, session: new Uint8Array(8) })).toBe(false)
})

test('one certificate on any number of connections makes no more than so many peers', () => {
  const vault = vaultOf(1)
  const presence = createPresence({
    ...{ vault, verify: fakeVerify, dice: () => 0, padded: false },
    random: (length) => new Uint8Array(length),
    emit: () => undefined,
    send: () => undefined,
  })
  const certificate = vaultOf(2).certify(session)
  presence.opened(session)
  for (let connection = 0; connection < 20_000; connection++) presence.joined(connection, certificate)
  expect(presence.sessions()).toHaveLength(2 * LIMITS.openSessions)
  presence.left(0)
  presence.joined(20_000, certificate)
  expect(presence.nameOf(20_000)).toBeDefined()
})

test('nobody is answered for a document that is closed: no moment is named at which nothing can be done', () => {
  const [own, other] = [vaultOf(1), vaultOf(2)]
  const said: number[] = []
  const presence = createPresence({
    ...{ vault: own, verify: fakeVerify, dice: () => 0.5, padded: false },
    random: (length) => new Uint8Array(length).fill(5),
    emit: () => undefined,
    send: () => said.push(1),
  })
  const message = { session, counter: 1, hello: new Uint8Array(8).fill(9), echoes: [], broadcast: false }
  const inner = encodeEphemeralInner({ ...message, payload: new Uint8Array(1) }, false)
  presence.joined(1, other.certify(session))
  presence.received(1, other.sealEphemeral(false, inner), 0)
  presence.woke(10_000)
  expect(presence.wakeAt()).toBeUndefined()
  presence.opened(session)
  presence.joined(1, other.certify(session))
  presence.received(1, other.sealEphemeral(false, inner), 10_000)
  expect(presence.wakeAt()).toBeDefined()
  presence.woke(20_000)
  expect(presence.wakeAt()).toBeUndefined()
  expect(said.length).toBeGreaterThan(0)
})
