/** Hands what the app does to a Y.Doc to the core: edits, and the client ids under which they are made. */
import type { Doc, Transaction } from 'yjs'
import type { Content } from '../sync/content.ts'
import { UPDATE_V1 } from './encoding.ts'
import { encodeTransaction } from './excerpt.ts'

/** Listens until the result is called. */
export const watchEdits = (deps: {
  readonly doc: Doc
  /** The origin of transactions that are not the app's. */
  readonly origin: unknown
  readonly claim: (clientId: number) => void
  readonly push: (content: Content) => void
  /** The document has another client id than before. */
  readonly onClientId: () => void
}): (() => void) => {
  const { doc, origin, claim, push, onClientId } = deps
  const claimed = new Set<number>()
  let current = doc.clientID

  const claimCurrent = (): void => {
    const { clientID } = doc
    if (!claimed.has(clientID)) {
      claimed.add(clientID)
      claim(clientID)
    }
    if (clientID === current) return
    current = clientID
    onClientId()
  }

  // Not the 'update' event: Yjs would encode for it what others wrote, once more. And this one comes first, so that
  // whoever hears of an edit finds it counted.
  const onTransaction = (transaction: Transaction): void => {
    // Yjs takes another id when it meets its own in what others wrote.
    claimCurrent()
    if (transaction.origin === origin) return
    const payload = encodeTransaction(transaction)
    if (payload !== undefined) push({ encoding: UPDATE_V1, payload })
  }

  claimCurrent()
  doc.on('afterTransactionCleanup', onTransaction)
  return () => doc.off('afterTransactionCleanup', onTransaction)
}
