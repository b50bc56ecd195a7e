/** The promises about documents of a Repo. All speak of the whole trace `automerge-paper`. */
import type { Bar } from '../bars.ts'
import { spreadOf } from '../spread.ts'
import type { Measured } from './measure.ts'

const median = (values: readonly number[]): number => spreadOf(values).median
const named = (edits: number): string => `${edits.toLocaleString('en')} edits`

/** `fixedMs`: what does not depend on the document (connecting, keys, opening), and would drown a small one. */
export const findBar = ({ edits, finds, plain }: Measured, fixedMs = 0): Bar => ({
  what: `find of ${named(edits)}${fixedMs > 0 ? `, less ${fixedMs} ms` : ''}, over A.load`,
  unit: 'times',
  limit: 1.5,
  measured:
    Math.max(0, median(finds.map(({ wallMs }) => wallMs)) - fixedMs) /
    median(plain.map(({ wallMs }) => wallMs)),
})

/** libsodium needs some, and Automerge's memory grows in steps; a second document would be more than a third. */
export const memoryBar = ({ edits, finds, plain }: Measured): Bar => {
  const loaded = median(plain.map(({ wasmMb }) => wasmMb))
  return {
    what: `WebAssembly memory of a find of ${named(edits)}, beyond that of A.load`,
    unit: 'MB',
    limit: Math.max(0.5, 0.02 * loaded),
    measured: median(finds.map(({ wasmMb }) => wasmMb)) - loaded,
  }
}

/** Whatever the size: nothing is said or done any more once a document was found. */
export const restBar = ({ edits, finds }: Measured): Bar => ({
  what: `process CPU after a find of ${named(edits)}`,
  unit: 'ms',
  limit: 100,
  measured: Math.max(...finds.map(({ rest }) => rest.cpuMs)),
})

export const uploadBar = ({ edits, made }: Measured): Bar => ({
  what: `bytes on the wire for the upload of a finished document, ${named(edits)}`,
  unit: 'kB',
  limit: 150,
  measured: made.sent / 1000,
})

/** The first one of a device also says who it is, once. */
export const editBytesBar = ({ edits, edited }: Measured): Bar => ({
  what: `bytes on the wire for a lone edit of one character, after ${named(edits)}`,
  unit: 'B',
  limit: 300,
  measured: Math.max(...(edited?.bytes.slice(1) ?? [Number.NaN])),
})

export const editCpuBar = ({ edits, edited }: Measured): Bar => ({
  what: `CPU of the adapter for a lone edit, after ${named(edits)}`,
  unit: 'ms',
  limit: 2,
  measured: edited?.share.adapterMs ?? Number.NaN,
})
