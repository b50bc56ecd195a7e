/**
 * What a lying relay does differently. A script is a plain value: whatever it leaves out stays honest. Each reader gets a
 * lie that is consistent in itself: what it is shown is numbered and digested as if it were the log.
 */
import { toHex } from '../bytes.ts'
import type { ToClient } from '../protocol/index.ts'
import type { Entry } from './relay-log.ts'

/** Somebody at the other end of a connection. */
export interface Reader {
  /** As given to `connect` or `socketOf`; else `client 1`, `client 2`, … */
  readonly name: string
  readonly connection: number
  /** The document that this is about, hex; `undefined` for what concerns the connection itself. */
  readonly document: string | undefined
  /** The device key that the connection has proven for it, hex. */
  readonly author: string | undefined
}

/** Says something to the reader, at once or after a while; bytes go out as they are. */
export type Say = (said: ToClient | Uint8Array, delayMs?: number) => void

/** What a script may do to the relay itself. */
export interface Controls {
  /** See `ModelRelay.setBack`. */
  setBack(to: number, logId: 'same' | 'new'): void
}

export interface Script {
  /** Once, when the script begins. */
  begin?(relay: Controls): void
  /**
   * Which of a document's logs this reader writes to and reads, by a name. A log that does not exist yet begins as a copy
   * of the main one.
   */
  branch?(reader: Reader): string | undefined
  /**
   * The log as this reader is shown it, version 1 first. Asked again whenever it may have changed, so it must depend on
   * nothing but its arguments and what the script remembers. What a reader has been shown is not taken back on the same
   * connection; new entries follow behind it. On the next connection its cursor counts only if it is one of this view.
   */
  view?(log: readonly Entry[], reader: Reader): readonly Entry[]
  /** What this reader is given when it asks for envelopes by id. Default: what it is shown. */
  finds?(log: readonly Entry[], reader: Reader): readonly Entry[]
  /** Whether this reader is told of the other one: that it is there, and what it shows. */
  meets?(reader: Reader, other: Reader): boolean
  /** What becomes of a frame for this reader. A script that has this and says nothing swallows the frame. */
  outgoing?(frame: ToClient, reader: Reader, say: Say): void
}

/** Several scripts as one: views and frames go through them in order. */
export const together = (scripts: readonly Script[]): Script => ({
  branch: (reader) => scripts.map((script) => script.branch?.(reader)).find((name) => name !== undefined),
  view: (log, reader) => scripts.reduce((shown, script) => script.view?.(shown, reader) ?? shown, log),
  finds: (log, reader) =>
    scripts.reduce((found, script) => (script.finds ?? script.view)?.(found, reader) ?? found, log),
  meets: (reader, other) => scripts.every((script) => script.meets?.(reader, other) ?? true),
  outgoing: (frame, reader, say) => {
    const from =
      (at: number, waitedMs: number): Say =>
      (said, delayMs = 0) => {
        const script = scripts.slice(at).find(({ outgoing }) => outgoing !== undefined)
        const soFarMs = waitedMs + delayMs
        if (script?.outgoing === undefined || said instanceof Uint8Array) say(said, soFarMs)
        else script.outgoing(said, reader, from(scripts.indexOf(script) + 1, soFarMs))
      }
    from(0, 0)(frame)
  },
})

/** Whom or whose a script concerns, by name; without it everybody. */
export type Who = string | readonly string[] | undefined

export const isAmong = (name: string, who: Who): boolean =>
  who === undefined || (typeof who === 'string' ? who === name : who.includes(name))

/** The same entry with another envelope. */
export const withEnvelope = (entry: Entry, envelope: Entry['envelope']): Entry => ({ ...entry, envelope })

/** Remembers what was made of each entry, so that a view shows the same forgery every time. */
export const perEntry = <T>(make: (entry: Entry) => T): ((entry: Entry) => T) => {
  const made = new Map<string, T>()
  return (entry) => {
    const key = toHex(entry.envelope.id)
    const before = made.get(key)
    if (before !== undefined) return before
    const fresh = make(entry)
    made.set(key, fresh)
    return fresh
  }
}
