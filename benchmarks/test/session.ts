/** Two authors in processes of their own, a relay that is killed three times, and a third who comes afterwards. */
import { randomUUID } from 'node:crypto'
import { generateSecret } from 'sealsync'
import { loadOnce } from '../src/load.ts'
import type { Loaded } from '../src/loader.ts'
import { startRelayProcess } from '../src/relay.ts'
import type { Room } from '../src/room.ts'
import { startWorker, type Worker } from '../src/worker.ts'
import { type Agent, otherOf, type Part } from './ancestors.ts'
import type { AuthorOrder, AuthorReport, Finished } from './author.ts'
import { createKills } from './kills.ts'
import { observe } from './observer.ts'
import type { Counter } from './typing.ts'

export interface Outcome {
  readonly authors: readonly [Finished, Finished]
  /** A cold load after all is done. */
  readonly third: Loaded
  readonly kills: number
  readonly alarms: readonly string[]
}

/** Runs the session of `parts`; everything that it started has ended when it returns or throws. */
export const runSession = async (options: {
  readonly mode: 'gated' | 'free'
  readonly parts: readonly [Part, Part]
  readonly counter: Counter
  readonly seed: number
  readonly timeoutMs: number
}): Promise<Outcome> => {
  const { mode, parts, counter, seed, timeoutMs } = options
  const count = parts[0].edits.length + parts[1].edits.length
  const relay = await startRelayProcess()
  const room: Room = { url: relay.url, secret: generateSecret(), room: randomUUID() }
  const start = (): Worker<AuthorOrder, AuthorReport> => startWorker(new URL('./author.ts', import.meta.url))
  const workers = [start(), start()] as const
  const alarms: string[] = []
  const taken: [number, number] = [0, 0]
  let timer: ReturnType<typeof setTimeout> | undefined
  let giveUp: (error: unknown) => void = () => undefined
  const trouble = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  trouble.catch(() => undefined)

  const onVisible = (agent: Agent, visible: number): void => {
    const next = parts[agent].cuts.find((cut) => cut > taken[agent]) ?? count
    if (mode === 'gated' && visible > next) {
      giveUp(
        new Error(`${visible} of author ${agent} are out, beyond ${next}, which the other has not taken`),
      )
    }
    for (const worker of workers) worker.send({ type: 'visible', agent, count: visible })
  }
  const kills = createKills(relay, (killed) => {
    for (const worker of workers) worker.send({ type: 'killed', count: killed })
  })
  const observer = observe(room, counter, onVisible)
  const describe = (): string =>
    `visible ${observer.visible(0)} and ${observer.visible(1)}, taken ${taken.join(' and ')}, relay killed ${kills.count()} times`

  const author = async (agent: Agent): Promise<Finished> => {
    const worker = workers[agent]
    worker.listen((report) => {
      if (report.type === 'alarm') alarms.push(`${report.kind}: ${report.message}`)
      if (report.type === 'reached') kills.reached(report.milestone)
      if (report.type !== 'took') return
      const other = otherOf(agent)
      taken[other] = report.count
      workers[other].send({ type: 'taken', count: report.count })
    })
    const finished = worker.next('finished')
    worker.send({ type: 'begin', mode, agent, count, seed: seed + agent, ...room })
    return await finished
  }

  const run = async (): Promise<Outcome> => {
    await Promise.all(workers.map((worker) => worker.ready))
    const authors = await Promise.all([author(0), author(1)])
    await kills.mended()
    return { authors, third: await loadOnce(room), kills: kills.count(), alarms }
  }

  try {
    timer = setTimeout(() => giveUp(new Error(`not done after ${timeoutMs} ms: ${describe()}`)), timeoutMs)
    return await Promise.race([run(), trouble])
  } finally {
    clearTimeout(timer)
    observer.close()
    await Promise.all(workers.map((worker) => worker.kill()))
    await kills.mended().catch(() => undefined)
    await relay.remove()
  }
}
