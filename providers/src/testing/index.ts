/**
 * `sealsync/testing`: a bad network and a lying relay, for tests of apps and bindings. Nothing here is for production.
 *
 * - `createEvilRelay` and `scripts`: does the app show that something is wrong, and lose nothing? See docs/testing.md.
 * - `createEvilWriter`: somebody with the secret who writes what nobody should.
 * - `createModelRelay`: an honest relay in memory, for everything else.
 * - `createClock`, `createRandom`, `createWire`: simulated time, seeded dice, a link that delays and breaks.
 * - `fakeSigning`, `fakeVerify`: signatures that cost nothing, for thousands of simulated runs.
 * - `storageSuite`: what every `Storage` must do.
 *
 * @packageDocumentation
 */
export { type Clock, createClock } from './clock.ts'
export { createEvilRelay, type EvilRelay, type EvilRelayOptions } from './evil-relay.ts'
export { createEvilWriter, type EvilWriter, type EvilWriterOptions } from './evil-writer.ts'
export { fakeSigning, fakeVerify } from './fake-signing.ts'
export {
  createModelRelay,
  type ModelConnection,
  type ModelPeer,
  type ModelRelay,
  type ModelRelayOptions,
} from './model-relay.ts'
export { createWire, type Pipe, type Wire } from './network.ts'
export { createRandom, type Random } from './random.ts'
export type { Entry } from './relay-log.ts'
export type { Controls, Reader, Say, Script, Who } from './script.ts'
export * as scripts from './scripts/index.ts'
export { type StoragePlace, storageSuite } from './storage-suite.ts'
export type { TestWebSocket, TestWebSocketClass } from './web-socket.ts'
