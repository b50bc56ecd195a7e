/** A device in a process of its own, for as long as it is used. */
import { startWorker, type Worker } from '../worker.ts'
import type { DeviceOrder, DeviceReport } from './device.ts'

export type Device = Worker<DeviceOrder, DeviceReport>

/** Node options for a process with a Repo, whose throttle asks for timers in the past, which newer Nodes report. */
export const WITH_REPO = ['--disable-warning=TimeoutNegativeWarning']
/** Node options for a process whose WebAssembly is measured. */
export const WITH_WASM = ['--import', new URL('./wasm-memory.ts', import.meta.url).href]

export interface DevicePlace {
  /** Empty: a Repo without a network. */
  readonly relay: string
  readonly secret: string
  readonly nodeOptions?: readonly string[]
}

/** The process has ended when this returns or throws. */
export const withDevice = async <T>(
  { relay, secret, nodeOptions = [] }: DevicePlace,
  use: (device: Device) => Promise<T>,
): Promise<T> => {
  const device: Device = startWorker(new URL('./device.ts', import.meta.url), [
    ...WITH_REPO,
    ...WITH_WASM,
    ...nodeOptions,
  ])
  try {
    await device.ready
    const begun = device.next('begun')
    device.send({ type: 'begin', relay, secret })
    await begun
    return await use(device)
  } finally {
    await device.end()
  }
}
