import { beforeAll, describe, expect, test } from 'vitest'
import { cryptoReady } from '../../../providers/src/crypto.ts'
import type { Vault } from '../../../providers/src/sync/vault.ts'
import { createDisk, type Disk } from './device.ts'
import { createScene, type Scene } from './scene.ts'
import type { Tab } from './tab.ts'

beforeAll(() => cryptoReady)

const editsOf = (tab: Tab): readonly string[] => [...tab.document.edits()].sort()
const outboxOf = ({ entries }: Disk): number =>
  [...entries.keys()].filter((key) => key.startsWith('out/')).length

const type = async (scene: Scene, tab: Tab, from: number, to: number): Promise<void> => {
  for (let i = from; i < to && tab.isAlive(); i++) {
    tab.edit(`${i}`)
    await scene.pass(3)
  }
}

const names = (to: number): readonly string[] => Array.from({ length: to }, (_, i) => `${i}`).sort()

test('a thousand edits made offline are few entries on disk and few updates, and all are counted', async () => {
  const scene = createScene({ mergeEdits: 100 })
  const disk = createDisk()
  const one = scene.open('a', disk)
  await type(scene, one, 0, 1050)
  expect(one.session.status().pending).toBe(1050)
  await scene.pass(100)
  expect(outboxOf(disk)).toBe(60)

  // A reload: counted as before, and nothing is written again but under the new owner.
  one.kill()
  const again = scene.open('a', disk)
  await scene.pass(1000)
  expect(editsOf(again)).toEqual(names(1050))
  expect(again.session.status().pending).toBe(1050)
  expect(outboxOf(disk)).toBe(60)

  const two = scene.open('b')
  two.connect(scene.host)
  again.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(two)).toEqual(names(1050))
  expect(again.session.status()).toMatchObject({ pending: 0, sync: 'saved' })
  expect(outboxOf(disk)).toBe(0)
})

test('what was typed after a cut leaves in updates of a hundred edits each', async () => {
  const scene = createScene({ mergeEdits: 100 })
  let updates = 0
  const counted = (vault: Vault): Vault => ({
    ...vault,
    sealUpdate: (fields, inner) => {
      updates += 1
      return vault.sealUpdate(fields, inner)
    },
  })
  const [one, two] = [scene.open('a', createDisk(), counted), scene.open('b')]
  one.connect(scene.host)
  two.connect(scene.host)
  await scene.pass(500)
  one.cut()
  await type(scene, one, 0, 1000)
  one.connect(scene.host)
  await scene.pass(3000)
  expect(editsOf(two)).toEqual(names(1000))
  expect(updates).toBe(10)
})

describe('I4', () => {
  test('a crash right before or after any write of a long time offline loses nothing that was written', async () => {
    let writes = 0
    for (let crashAt = 0; crashAt <= writes; crashAt++) {
      const scene = createScene({ mergeEdits: 4 })
      const disk = createDisk()
      const lives: Tab[] = [scene.open('a', disk)]
      let moments = 0
      disk.onWrite = () => {
        moments += 1
        if (moments !== crashAt) return
        lives.at(-1)?.kill()
        lives.push(scene.open('a', disk))
      }
      for (let i = 0; i < 30; i++) {
        lives.at(-1)?.edit(`${i}`)
        await scene.pass(i % 3)
      }
      await scene.pass(100)
      if (crashAt === 0) writes = moments
      const name = `crash at moment ${crashAt} of ${writes}`
      const written = new Set(lives.flatMap((tab) => [...tab.book.onDisk]))
      const last = lives.at(-1)
      if (last === undefined) throw new Error('nobody lives')
      // Still offline: the last one alive holds, and counts, all that reached the disk.
      await scene.pass(1000)
      expect(editsOf(last), name).toEqual(expect.arrayContaining([...written]))
      expect(last.session.status().pending, name).toBeGreaterThanOrEqual(written.size)
      expect(outboxOf(disk), name).toBeLessThanOrEqual(30 / 4 + 4)
      const two = scene.open('b')
      two.connect(scene.host)
      last.connect(scene.host)
      await scene.pass(3000)
      expect(editsOf(two), name).toEqual(editsOf(last))
      expect(last.session.status(), name).toMatchObject({ pending: 0, sync: 'saved' })
      expect(outboxOf(disk), name).toBe(0)
    }
    expect(writes).toBeGreaterThan(40)
  })

  test('a tab that finds outboxes of several dead tabs takes all of them, and counts every edit', async () => {
    const scene = createScene({ mergeEdits: 10 })
    const disk = createDisk()
    const [one, two] = [scene.open('a', disk), scene.open('a', disk)]
    for (let i = 0; i < 25; i++) {
      one.edit(`${2 * i}`)
      two.edit(`${2 * i + 1}`)
    }
    await scene.pass(100)
    two.kill()
    await scene.pass(1500)
    expect(editsOf(one)).toEqual(names(50))
    expect(one.session.status().pending).toBe(50)
    one.kill()
    const three = scene.open('a', disk)
    await scene.pass(1000)
    expect(three.session.status().pending).toBe(50)
    expect(editsOf(three)).toEqual(names(50))
  })
})
