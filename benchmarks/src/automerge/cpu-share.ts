/**
 * Whose work a stretch of time was, from a CPU profile: each sample counts for the innermost function on the stack that
 * belongs to somebody. What Node does on behalf of a library counts for the library, garbage collection for nobody. A
 * profile also counts the time in which others had the processor: all is scaled to what the thread really got.
 */
import { type Profiler, Session } from 'node:inspector/promises'

export interface CpuShare {
  /** sealsync, and what it calls: libsodium, hashing, deflating, partysocket. */
  readonly adapterMs: number
  /** automerge-repo and Automerge, wherever called from. */
  readonly repoMs: number
}

const SAMPLE_US = 200
const ADAPTER = [
  '/providers/',
  '/node_modules/sealsync/',
  '/libsodium',
  '/@noble/',
  '/fflate/',
  '/partysocket/',
]
const REPO = ['/@automerge/']

/** Starts sampling this process; returns how to end it and hear the result. */
export const sampleCpu = async (): Promise<() => Promise<CpuShare>> => {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US })
  await session.post('Profiler.start')
  const cpu = process.threadCpuUsage()
  return async () => {
    const { user, system } = process.threadCpuUsage(cpu)
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return shareOf(profile, (user + system) / 1000)
  }
}

const shareOf = ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, cpuMs: number): CpuShare => {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])))
  const urls = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.url]))
  const idle = nodes.find(({ callFrame }) => callFrame.functionName === '(idle)')?.id
  const ms = { adapter: 0, repo: 0, nobody: 0 }
  const owners = new Map<number, keyof typeof ms>()
  const ownerOf = (node: number | undefined): keyof typeof ms => {
    if (node === undefined) return 'nobody'
    const url = urls.get(node) ?? ''
    // Of WebAssembly, which is in both, a profile tells no more than that: its caller knows whose it is.
    if (ADAPTER.some((part) => url.includes(part))) return 'adapter'
    if (REPO.some((part) => url.includes(part))) return 'repo'
    return ownerOf(parents.get(node))
  }
  for (const [i, node] of samples.entries()) {
    if (node === idle) continue
    const owner = owners.get(node) ?? ownerOf(node)
    owners.set(node, owner)
    ms[owner] += (timeDeltas[i] ?? 0) / 1000
  }
  const got = Math.min(1, cpuMs / (ms.adapter + ms.repo + ms.nobody))
  return { adapterMs: got * ms.adapter, repoMs: got * ms.repo }
}
