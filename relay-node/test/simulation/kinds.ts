/** The CRDTs whose documents the simulation can drive. */
import { createAutomergeDocument } from './automerge-document.ts'
import { createCounterDocument } from './counter-document.ts'
import { createLateDocument } from './late-document.ts'
import type { CreateSimDocument } from './sim-document.ts'
import { createYjsDocument } from './yjs-document.ts'

export interface Kind {
  readonly createDocument: CreateSimDocument
  /** Its documents set timers of the platform, or wait for promises that do. */
  readonly hasTimers: boolean
}

export const KIND_NAMES = ['yjs', 'counter', 'late-counter', 'automerge'] as const
export type SimKind = (typeof KIND_NAMES)[number]

export const KINDS: Readonly<Record<SimKind, Kind>> = {
  yjs: { createDocument: (provider) => createYjsDocument(provider), hasTimers: false },
  counter: { createDocument: (provider) => createCounterDocument(provider), hasTimers: false },
  'late-counter': {
    createDocument: createLateDocument((provider) => createCounterDocument(provider)),
    hasTimers: true,
  },
  automerge: { createDocument: (provider) => createAutomergeDocument(provider), hasTimers: true },
}
