/** Plain Yjs, without cryptography and network: applies updates within one transaction, in a fresh process. */
import * as Y from 'yjs'
import { TEXT } from './room.ts'
import { starter } from './worker.ts'

export interface ApplyOrder {
  readonly type: 'apply'
  readonly updates: readonly Uint8Array[]
  readonly encoding: 'V1' | 'V2'
}

export interface Applied {
  readonly type: 'applied'
  readonly cpuMs: number
  readonly wallMs: number
  readonly residentMb: number
  readonly text: string
}

const parent = starter<Applied, ApplyOrder>()

parent.listen(({ updates, encoding }) => {
  const apply = encoding === 'V1' ? Y.applyUpdate : Y.applyUpdateV2
  const doc = new Y.Doc()
  const text = doc.getText(TEXT)
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  doc.transact(() => {
    for (const update of updates) apply(doc, update)
  })
  const { user, system } = process.cpuUsage(cpu)
  const wallMs = performance.now() - startedAt
  const residentMb = process.resourceUsage().maxRSS / 1024
  parent.send({ type: 'applied', cpuMs: (user + system) / 1000, wallMs, residentMb, text: text.toString() })
})
