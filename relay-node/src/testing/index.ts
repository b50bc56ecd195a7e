/**
 * `sealsync-relay/testing`: the acceptance suite for stores.
 *
 * @packageDocumentation
 */
export { type StoreSuiteOptions, type StoreUnderTest, storeSuite } from './store-suite.ts'
