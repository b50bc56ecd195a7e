/** The two promises that are checked wherever this runs. */
import type { Row } from './load.ts'
import { spreadOf } from './spread.ts'

export interface Bar {
  readonly what: string
  readonly unit: string
  readonly limit: number
  readonly measured: number
}

/** Both speak of the trace `automerge-paper`. */
export const BAR_EDITS = 10_000

export const snapshotBar = ({ edits, loads }: Row): Bar => ({
  what: `bytes of a cold load right after a snapshot, ${edits.toLocaleString('en')} edits`,
  unit: 'kB',
  limit: 75,
  measured: spreadOf(loads.map(({ bytes }) => bytes)).median / 1000,
})

export const updatesBar = ({ edits, loads }: Row): Bar => ({
  what: `client CPU of a cold load of ${edits.toLocaleString('en')} single-edit updates, signatures checked`,
  unit: 's',
  limit: 0.35,
  measured: spreadOf(loads.map(({ cpuMs }) => cpuMs)).median / 1000,
})

export const showBar = ({ what, unit, limit, measured }: Bar): string =>
  `${measured <= limit ? 'pass' : 'FAIL'}  ${what}: ${measured.toFixed(3)} ${unit}, bar ≤ ${limit} ${unit}`
