/**
 * The vectors of docs/vectors: every layout of version 1, from fixed seeds and nonces. The test beside this file
 * fails as soon as one byte differs, because other implementations rely on them. After a change of bytes that is
 * meant, and written down in docs/protocol.md, write the files again with
 *
 *   npx node providers/test/vectors/make.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cryptoReady } from '../../src/crypto.ts'
import { entriesAtRest } from './at-rest.ts'
import { certificates, derivations, genesis, labels, records, sealedKinds, type VectorFile } from './kinds.ts'
import { frames, segments } from './wire.ts'

/** The directory of the published vectors. */
export const VECTORS: string = fileURLToPath(new URL('../../../docs/vectors/', import.meta.url))

/** Every file by name, computed anew. */
export const makeVectors = (): Readonly<Record<string, VectorFile>> => ({
  'labels.json': labels(),
  'derivations.json': derivations(),
  'at-rest.json': entriesAtRest(),
  'genesis.json': genesis(),
  'certificate.json': certificates(),
  ...sealedKinds(),
  'record.json': records(),
  'segment.json': segments(),
  'frames.json': frames(),
})

export const fileText = (file: VectorFile): string => `${JSON.stringify(file, null, 2)}\n`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await cryptoReady
  mkdirSync(VECTORS, { recursive: true })
  for (const [name, file] of Object.entries(makeVectors())) writeFileSync(VECTORS + name, fileText(file))
}
