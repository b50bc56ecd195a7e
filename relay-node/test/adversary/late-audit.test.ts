/** An answer to the audit of a snapshot that comes later: it counts if the question still stands. */
import { beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import { decodeSnapshotInner, encodeSnapshotInner } from '../../../providers/src/sync/content.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import { createRandom } from '../../../providers/src/testing/random.ts'
import { createDisk } from '../simulation/device.ts'
import { knobsOf } from '../simulation/knobs.ts'
import { createScene, type Scene } from '../simulation/scene.ts'
import { createTab, type Tab } from '../simulation/tab.ts'
import { createYjsDocument } from '../simulation/yjs-document.ts'

beforeAll(() => cryptoReady)

/** A session whose document answers audits when the test says so. */
const openLate = (scene: Scene): { readonly tab: Tab; readonly answers: (() => void)[] } => {
  const answers: (() => void)[] = []
  const tab = createTab({
    clock: scene.clock,
    random: createRandom(3),
    knobs: {
      ...knobsOf(1, 'plain'),
      latencyMs: 5,
      diskMs: 2,
      diskFaults: 0,
      frameLoss: 0,
      snapshotAfter: 1e9,
    },
    disk: createDisk(),
    deviceSeed: new Uint8Array(32).fill(76),
    keep: true,
    isHealed: () => true,
    createDocument: (provider) => {
      const document = createYjsDocument(provider)
      const { replica } = document
      return {
        ...document,
        replica: {
          ...replica,
          beyond: (contents) => {
            const missing = replica.beyond?.(contents) ?? []
            if (missing instanceof Function) throw new Error('Yjs answers at once')
            return (tell) => answers.push(() => tell(missing))
          },
        },
      }
    },
  })
  return { tab, answers }
}

/** What this device says the whole document is, is nothing. */
const emptying = (vault: Vault): Vault => ({
  ...vault,
  sealSnapshot: (fields, inner) => {
    const honest = decodeSnapshotInner(inner, fields.padded)
    if (!honest.ok) throw new Error(honest.error)
    const payload = Y.encodeStateAsUpdateV2(new Y.Doc())
    const empty = {
      ...honest.value,
      encoding: 2,
      inflatedLength: undefined,
      payload,
      digest: new Uint8Array(0),
    }
    return vault.sealSnapshot(fields, encodeSnapshotInner(empty, fields.padded))
  },
})

const setUp = async () => {
  const scene = createScene()
  const evil = scene.open('e', createDisk(), emptying)
  const honest = scene.open('h')
  const { tab, answers } = openLate(scene)
  for (const one of [evil, honest, tab]) one.connect(scene.host)
  await scene.pass(1000)
  tab.edit('kept')
  await scene.pass(1000)
  evil.step({ type: 'snapshot' })
  await scene.pass(1000)
  expect(answers).toHaveLength(1)
  return { scene, honest, tab, answers }
}

test('what a snapshot has dropped is named by a late answer, too', async () => {
  const { scene, tab, answers } = await setUp()
  expect(tab.alarms).toEqual([])
  tab.edit('meanwhile')
  await scene.pass(500)
  answers[0]?.()
  expect(tab.alarms).toMatchObject([{ kind: 'snapshot-dropped' }])
})

test('an answer about a snapshot that has been replaced is void', async () => {
  const { scene, honest, tab, answers } = await setUp()
  honest.step({ type: 'snapshot' })
  await scene.pass(2000)
  expect(answers).toHaveLength(2)
  answers[0]?.()
  answers[1]?.()
  expect(tab.alarms).toEqual([])
})
