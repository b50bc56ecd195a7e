/**
 * `sealsync/node`: what only Node can do. Browsers never load it.
 *
 * @packageDocumentation
 */
export { type FileStorageOptions, fileStorage } from './file-storage.ts'
