/** The doors that need automerge-repo, in a project without Yjs. */
import { type PeerId, Repo } from '@automerge/automerge-repo'
import { generateSecret } from 'sealsync'
import { EncryptedStorageAdapter, SealsyncNetworkAdapter } from 'sealsync/automerge'

export const adapter = new SealsyncNetworkAdapter('ws://localhost', { secret: generateSecret() })
export const peer: PeerId | undefined = adapter.relayPeerId
export const repo: Repo = new Repo({ network: [adapter] })
export const storage: typeof EncryptedStorageAdapter = EncryptedStorageAdapter

// @ts-expect-error no number is a secret: were the types lost, this would compile
export const mistake = new SealsyncNetworkAdapter('ws://localhost', { secret: 5 })
