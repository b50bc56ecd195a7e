/** What a relay can make a session remember: nothing without a bound, whatever it makes up. */
import { beforeAll, expect, test } from 'vitest'
import { cryptoReady, signingKey } from '../../src/crypto.ts'
import { documentKeys } from '../../src/keys/root.ts'
import { createVault } from '../../src/keys/vault.ts'
import { LIMITS, NO_ID } from '../../src/protocol/index.ts'
import { createAdmission } from '../../src/sync/admission.ts'
import { createChains } from '../../src/sync/chains.ts'
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

test('a certificate that was admitted is not checked again, one that differs in a bit is', () => {
  const vault = vaultOf(1)
  let checks = 0
  const admits = createAdmission(vault, (...asked) => {
    checks += 1
    return fakeVerify(...asked)
  })
  const certificate = vaultOf(2).certify(session)
  expect([admits(certificate), admits({ ...certificate })]).toEqual([true, true])
  expect(checks).toBe(1)
  const forged = { ...certificate, signature: certificate.signature.with(9, 1) }
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
