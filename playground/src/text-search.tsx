import { useState } from 'react'
import { type Finding, findWords } from './search.ts'
import type { Frame, Wire } from './wire.ts'

const count = (value: number): string => value.toLocaleString('en')

const sentenceOf = (finding: Finding, crdt: Wire['crdt']): string => {
  if (finding.type === 'nothing-typed') return 'Type a word of four letters or more first.'
  const { words, bytes, frames, hits, isInDocument } = finding
  if (hits > 0)
    return `“${words}” FOUND in ${hits} of ${frames} frames. This must never happen: please report it.`
  const control = isInDocument
    ? ` The same search does find it in the document as ${crdt} would send it.`
    : ''
  return `“${words}” not found in ${count(bytes)} bytes of ${frames} frames.${control}`
}

/** Lets people look for their own words in what has left the window. */
export const TextSearch = ({ wire, frames }: { readonly wire: Wire; readonly frames: readonly Frame[] }) => {
  const [finding, setFinding] = useState<Finding>()
  const search = (): void => {
    const typed = wire.typed.getSnapshot().at(-1) ?? ''
    setFinding(findWords(typed, frames, wire.plainDocument))
  }
  return (
    <div className="search">
      <button type="button" className="button" onClick={search} data-testid="find">
        Find my text in them
      </button>
      <output data-testid="find-result">{finding && sentenceOf(finding, wire.crdt)}</output>
    </div>
  )
}
