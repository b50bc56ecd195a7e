/** A whole client in simulated time: link, session and a real document, over a wire that somebody else may hold. */
import { createAsking } from '../../../providers/src/client/asking.ts'
import { deflate, inflate } from '../../../providers/src/client/inflate.ts'
import type { Verify } from '../../../providers/src/crypto.ts'
import type { Effect, Input } from '../../../providers/src/sync/effects.ts'
import { createLink, type LinkEffect, type LinkInput } from '../../../providers/src/sync/link.ts'
import { createSession, type Session } from '../../../providers/src/sync/session.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { Wire } from '../../../providers/src/testing/network.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import type { CreateSimDocument, SimDocument } from '../simulation/sim-document.ts'

/** What a client connects to. */
export type Dial = (client: { received(bytes: Uint8Array): void; dropped(): void }) => Wire | undefined

export interface WholeClient {
  readonly document: SimDocument
  readonly session: Session
  /** Alarms by kind: only counted, because there may be any number of them. */
  readonly alarms: ReadonlyMap<string, number>
  /** Edits that were called saved are all that it has made. */
  isSaved(): boolean
  isConnected(): boolean
  /** Connects, and again a moment after each end of a connection, until `hangUp`. */
  connect(dial: Dial): void
  hangUp(): void
  /** Bytes from whoever plays its relay. Must not be called while it handles something. */
  receive(bytes: Uint8Array): void
  edit(id: string): void
  step(input: Input): void
  close(): void
}

const REDIAL_MS = 25

export const createWholeClient = (deps: {
  readonly clock: Clock
  readonly random: Random
  readonly vault: Vault
  readonly verify: Verify
  readonly snapshotAfter: number
  readonly createDocument: CreateSimDocument
}): WholeClient => {
  const { clock, random, vault, verify, snapshotAfter } = deps
  const document = deps.createDocument({
    clock,
    random,
    onEdited: (content) => step({ type: 'edited', content }),
    onSaved: () => undefined,
    onClaimed: (claim) => step({ type: 'claimed', claim }),
    onRejected: (received, reason = { type: 'unreadable' }) => step({ type: 'rejected', received, reason }),
  })
  const { replica } = document
  const session = createSession({
    vault,
    codec: replica,
    verify,
    random: (length) => random.bytes(length),
    dice: random,
    deflate,
    inflate,
    options: {
      create: true,
      flushMs: 50,
      receipts: false,
      snapshot: { afterUpdates: snapshotAfter, afterBytes: 1e9, idleMs: 500 },
      compress: true,
      pad: false,
      keep: true,
    },
  })
  const link = createLink()
  const disk = new Map<string, Uint8Array>()
  const alarms = new Map<string, number>()
  const answers: Input[] = []
  const waiting: (
    | { readonly to: 'link'; readonly input: LinkInput }
    | { readonly to: 'session'; readonly input: Input }
  )[] = []
  let stepping = false
  let isOpen = true
  let wire: Wire | undefined
  let dial: Dial | undefined
  let cancelTimer: (() => void) | undefined
  let cancelRedial: (() => void) | undefined

  const performLink = (effect: LinkEffect): void => {
    switch (effect.type) {
      case 'send':
        wire?.up.send(effect.bytes)
        return
      case 'route':
        waiting.push({ to: 'session', input: effect.input })
        return
      case 'drop':
        wire?.cut()
        wire = undefined
        redial()
        return
      case 'greeted':
      case 'trace':
        return
    }
  }

  const ask = createAsking(replica, {
    now: (input) => answers.push(input),
    later: (input) => step(input),
  })

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'transmit':
        waiting.push({ to: 'link', input: { type: 'transmit', docId: vault.docId, frame: effect.frame } })
        return
      case 'reread':
        answers.push({ type: 'reread', entries: new Map(disk) })
        return
      case 'persist': {
        const { ticket, changes } = effect
        clock.after(1, () => {
          for (const { key, value } of changes) {
            if (value === undefined) disk.delete(key)
            else disk.set(key, value.slice())
          }
          step({ type: 'persisted', ticket })
        })
        return
      }
      case 'alarm':
        alarms.set(effect.alarm.kind, (alarms.get(effect.alarm.kind) ?? 0) + 1)
        return
      case 'caught-up':
        document.caughtUp?.()
        return
      case 'receipts':
      case 'presence':
      case 'broadcast':
      case 'progress':
      case 'snapshot-made':
      case 'new':
      case 'closed':
        return
      default:
        ask(effect)
    }
  }

  const run = (): void => {
    if (stepping) return
    stepping = true
    for (;;) {
      const answer = answers.shift()
      const next = answer === undefined ? waiting.shift() : ({ to: 'session', input: answer } as const)
      if (next === undefined) break
      if (next.to === 'link') for (const effect of link.step(next.input, clock.now())) performLink(effect)
      else for (const effect of session.step(next.input, clock.now())) perform(effect)
    }
    stepping = false
    document.statusChanged?.({ ...session.status(), connection: wire ? 'connected' : 'disconnected' })
    cancelTimer?.()
    const times = [link.wakeAt(), session.wakeAt()].filter((at) => at !== undefined)
    cancelTimer = times.length === 0 ? undefined : clock.after(Math.min(...times) - clock.now(), woke)
  }

  const woke = (): void => {
    waiting.push({ to: 'link', input: { type: 'woke' } }, { to: 'session', input: { type: 'woke' } })
    run()
  }

  const step = (input: Input): void => {
    if (!isOpen) return
    waiting.push({ to: 'session', input })
    run()
  }

  const stepLink = (input: LinkInput): void => {
    if (!isOpen) return
    waiting.push({ to: 'link', input })
    run()
  }

  const redial = (): void => {
    cancelRedial?.()
    cancelRedial = clock.after(REDIAL_MS * (0.5 + random()), () => {
      if (!isOpen || wire !== undefined || dial === undefined) return
      const mine: Wire | undefined = dial({
        received: (bytes) => {
          if (wire === mine) stepLink({ type: 'received', bytes })
        },
        dropped: () => {
          if (wire !== mine) return
          wire = undefined
          stepLink({ type: 'closed' })
          redial()
        },
      })
      wire = mine
      if (wire === undefined) redial()
      else stepLink({ type: 'opened', token: '' })
    })
  }

  stepLink({ type: 'attach', docId: vault.docId })
  step({ type: 'restored', entries: new Map(), holdsContent: !replica.isEmpty() })

  return {
    document,
    session,
    alarms,
    isSaved: () => session.status().pending === 0,
    isConnected: () => wire !== undefined,
    connect: (where) => {
      dial = where
      redial()
    },
    hangUp: () => {
      dial = undefined
      cancelRedial?.()
      wire?.cut()
      wire = undefined
      stepLink({ type: 'closed' })
    },
    receive: (bytes) => stepLink({ type: 'received', bytes }),
    edit: (id) => document.edit(id),
    step,
    close: () => {
      isOpen = false
      cancelTimer?.()
      cancelRedial?.()
      wire?.cut()
      wire = undefined
      document.close()
    },
  }
}
