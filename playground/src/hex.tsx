const ROW = 12
const ROWS = 3

const isPrintable = (byte: number): boolean => byte >= 32 && byte < 127

const rowOf = (bytes: Uint8Array, start: number): string => {
  const row = [...bytes.subarray(start, start + ROW)]
  const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const text = row.map((byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '·')).join('')
  return `${hex.padEnd(ROW * 3 - 1)}  ${text}`
}

/** The first bytes as a hex dump, beside them what an eye could read of them. */
export const Hex = ({ bytes }: { readonly bytes: Uint8Array }) => {
  const shown = bytes.subarray(0, ROW * ROWS)
  const starts = Array.from({ length: Math.ceil(shown.length / ROW) }, (_, row) => row * ROW)
  return (
    <pre role="img" aria-label={`The first ${shown.length} of ${bytes.length} bytes, in hexadecimal`}>
      {starts.map((start) => rowOf(shown, start)).join('\n')}
    </pre>
  )
}
