/**
 * `sealsync/protocol`: all that a relay may know. Layouts, frames, certificates, limits and close codes; no secret,
 * no key that opens anything, no CRDT, no input or output. docs/protocol.md is the normative text.
 *
 * @packageDocumentation
 */
export * from '../bytes.ts'
export {
  cryptoReady,
  hash,
  isAdmissibleKey,
  type Label,
  randomBytes,
  type SigningKey,
  signingKey,
  type Verify,
  verify,
} from '../crypto.ts'
export * from '../result.ts'
export * from './certificate.ts'
export * from './close.ts'
export * from './digest.ts'
export * from './envelope.ts'
export * from './ephemeral.ts'
export * from './frame.ts'
export * from './genesis.ts'
export * from './item.ts'
export * from './limits.ts'
export * from './record.ts'
export * from './segment.ts'
export * from './snapshot.ts'
export * from './to-client.ts'
export * from './to-relay.ts'
export * from './update.ts'
