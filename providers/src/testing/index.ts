/**
 * `sealsync/testing`: a clock, dice and a network that hurt, for tests of apps and bindings. Nothing here is for
 * production.
 *
 * @packageDocumentation
 */
export { type Clock, createClock } from './clock.ts'
export { fakeSigning, fakeVerify } from './fake-signing.ts'
export { createWire, type Pipe, type Wire } from './network.ts'
export { createRandom, type Random } from './random.ts'
export { type StoragePlace, storageSuite } from './storage-suite.ts'
