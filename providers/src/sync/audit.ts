/**
 * Whether a snapshot by somebody else is what it says. Its maker could leave out or change what it covers; only who holds
 * the document can notice. Two questions: does the document hold anything that neither the snapshot nor what lies on top
 * of it has, and, when nothing lies on top, is the document the very same as its maker's?
 */
import { equalBytes, type Snapshot } from '../protocol/index.ts'
import type { Content } from './content.ts'
import type { Core } from './core.ts'
import type { Tail } from './tail.ts'

export interface Audit {
  /** Another's snapshot became the active one; `digest` is what its maker says its state is, or empty. */
  begin(snapshot: Snapshot, content: Content, digest: Uint8Array): void
  /** A snapshot of ours, or none, is active. */
  discard(): void
  /** Asks what can be asked now. */
  advance(): void
  audited(question: number, missing: readonly Content[]): void
  digested(question: number, canonical: Uint8Array | undefined): void
}

interface Due {
  readonly snapshot: Snapshot
  readonly content: Content
  readonly digest: Uint8Array
}

/** What is not settled yet would be taken for a difference: everything that the relay had must be applied. */
const isQuiet = (core: Core): boolean => core.state.caughtUp && !core.isTracking() && !core.chains.hasUnread()

export const createAudit = (
  core: Core,
  tail: Tail,
  /** What a snapshot has dropped is an edit of ours from then on. */
  publish: (content: Content) => void,
): Audit => {
  const { state, outbox, vault } = core
  let due: Due | undefined
  let question = 0
  let asked: Snapshot | undefined
  let expected: { readonly snapshot: Snapshot; readonly digest: Uint8Array } | undefined

  const askDigest = ({ snapshot, digest }: Due): void => {
    const isSame = tail.isEmpty() && outbox.loose().length === 0 && outbox.sealed().length === 0
    if (!isSame || digest.length === 0) return
    expected = { snapshot, digest }
    core.emit({ type: 'digest', question })
  }

  return {
    begin: (snapshot, content, digest) => {
      due = { snapshot, content, digest }
    },
    discard: () => {
      due = undefined
      asked = undefined
      expected = undefined
    },
    advance: () => {
      if (due === undefined || !isQuiet(core)) return
      const { snapshot, content } = due
      const above = tail.cover(state.active?.cover ?? new Map())
      question += 1
      if (above !== undefined) {
        const ours = [...outbox.sealed(), ...outbox.loose()].map((entry) => entry.content)
        asked = snapshot
        core.emit({ type: 'audit', question, known: [content, ...above, ...ours] })
      }
      askDigest(due)
      due = undefined
    },
    audited: (answered, missing) => {
      if (answered !== question || asked === undefined || missing.length === 0) return
      core.alarm(
        'snapshot-dropped',
        'it covers content that it does not have; that is published again',
        asked,
      )
      asked = undefined
      for (const content of missing) publish(content)
    },
    digested: (answered, canonical) => {
      if (answered !== question || expected === undefined || canonical === undefined) return
      if (!equalBytes(vault.stateDigest(canonical), expected.digest)) {
        core.alarm('diverged', 'the same updates make another document here than there', expected.snapshot)
      }
      expected = undefined
    },
  }
}
