/**
 * Everything that a lying relay does, one script each. Names in them (`reader`, `from`) are those of connections; left
 * out, they mean everybody. What a client should do is in each comment, and cell by cell in docs/threat-model.md.
 *
 *   withholding   what is there is not shown          order       true envelopes, wrong order, too often
 *   history       set back, parted                    forgery     what nobody wrote so
 *   snapshots     stale, swapped, cut                 presence    ghosts
 *   chunks        pieces of snapshots              noise       dawdling, rubbish
 */
export { dropChunks, forgeChunks, repeatChunk, swapChunks, truncateChunks } from './chunks.ts'
export { type Forgery, forge, splice, substitute } from './forgery.ts'
export { fork, restoreBackup, rollBack } from './history.ts'
export { drip, garbage, mutate, slow, stall } from './noise.ts'
export { duplicate, reorder, replay, replayOldRuns } from './order.ts'
export { ghosts, mixUpPresence, replayPresence } from './presence.ts'
export { staleSnapshot, swapSnapshots, truncateSnapshots } from './snapshots.ts'
export { dropAuthor, dropOne, dropTail, dropUncovered, pretendToStore } from './withholding.ts'
