/** What a document of an automerge-repo app costs through a relay, and in plain Automerge. */
import { generateSecret } from 'sealsync'
import type { RelayProcess } from '../relay.ts'
import { type Trace, type TraceName, textAfter } from '../trace.ts'
import { startWorker } from '../worker.ts'
import type { Edited, Found, Made } from './device.ts'
import { savedPaper } from './paper.ts'
import type { PlainLoaded, PlainOrder } from './plain-load.ts'
import { type Device, type DevicePlace, WITH_WASM, withDevice } from './with-device.ts'

export interface Setting {
  readonly relay: RelayProcess
  readonly name: TraceName
  readonly trace: Trace
  readonly edits: number
  readonly runs: number
  /** One-character edits whose price is measured; 0: none. */
  readonly lone: number
  /** How long each find is watched afterwards. */
  readonly restMs: number
  /** Hears what is under way. */
  readonly tell: (what: string) => void
  readonly nodeOptions: readonly string[]
}

export interface Measured {
  readonly edits: number
  /** Size of the document as plain Automerge saves it. */
  readonly savedBytes: number
  readonly made: Made
  readonly finds: readonly Found[]
  readonly plain: readonly PlainLoaded[]
  readonly edited: Edited | undefined
}

/** `how`: typed edit by edit through the adapter, or made before it and added as a whole. */
export const measure = (setting: Setting, how: 'typed' | 'finished'): Promise<Measured> => {
  const { name, edits, lone, tell, nodeOptions } = setting
  const here = { relay: setting.relay.url, secret: generateSecret(), nodeOptions }
  return withDevice(here, async (author) => {
    author.listen((report) => {
      if (report.type === 'progress' && report.edits > 0) tell(`at edit ${report.edits}`)
    })
    tell(how === 'typed' ? `typing ${edits} edits` : `uploading a document of ${edits} edits`)
    const made = author.next('made')
    const saved = savedPaper(name, edits)
    author.send(how === 'typed' ? { type: 'type', trace: name, edits } : { type: 'import', saved })
    const { url } = await made
    const finds: Found[] = []
    const plain: PlainLoaded[] = []
    for (let run = 0; run < setting.runs; run += 1) {
      tell(`finding and loading it, ${run + 1} of ${setting.runs}`)
      finds.push(await find(setting, here, url))
      plain.push(await loadPlain(setting, saved))
    }
    const edited = lone > 0 ? await edit(setting, author) : undefined
    return { edits, savedBytes: saved.length, made: await made, finds, plain, edited }
  })
}

/** What the same edits cost in a Repo without a network. */
export const measureAlone = (setting: Setting): Promise<Edited> =>
  withDevice({ relay: '', secret: '', nodeOptions: setting.nodeOptions }, async (device) => {
    const imported = device.next('made')
    device.send({ type: 'import', saved: savedPaper(setting.name, setting.edits) })
    await imported
    return await edit(setting, device)
  })

const find = (setting: Setting, here: DevicePlace, url: Made['url']): Promise<Found> =>
  withDevice(here, async (device) => {
    const found = device.next('found')
    device.send({ type: 'find', url, restMs: setting.restMs })
    return assertText(setting, await found)
  })

const edit = ({ tell, lone }: Setting, device: Device): Promise<Edited> => {
  tell(`${lone} lone edits, and half as many under a profiler`)
  const edited = device.next('edited')
  device.send({ type: 'edit', edits: lone })
  return edited
}

const loadPlain = async (setting: Setting, saved: Uint8Array): Promise<PlainLoaded> => {
  const file = new URL('./plain-load.ts', import.meta.url)
  const worker = startWorker<PlainOrder, PlainLoaded>(file, [...WITH_WASM, ...setting.nodeOptions])
  try {
    await worker.ready
    const loaded = worker.next('loaded')
    worker.send({ type: 'load', saved })
    return assertText(setting, await loaded)
  } finally {
    await worker.end()
  }
}

/** A fast load of the wrong text is worth nothing. */
const assertText = <T extends { readonly text: string }>({ trace, edits }: Setting, loaded: T): T => {
  if (loaded.text === textAfter(trace, edits)) return loaded
  throw new Error(`loaded ${loaded.text.length} characters that are not those of the recording`)
}
