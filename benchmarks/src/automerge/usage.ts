/** What a stretch of work took. */
import { wasmMb } from './wasm-memory.ts'

export interface Usage {
  readonly wallMs: number
  /** User and system time of all threads. */
  readonly cpuMs: number
  /** Peak of the process. */
  readonly residentMb: number
  /** Peak of WebAssembly's memory. */
  readonly wasmMb: number
}

/** Begins to measure; returns how to read it. */
export const usageSince = (): (() => Usage) => {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return {
      wallMs: performance.now() - startedAt,
      cpuMs: (user + system) / 1000,
      residentMb: process.resourceUsage().maxRSS / 1024,
      wasmMb: wasmMb(),
    }
  }
}
