/** Two authors with Repos in processes of their own, a relay that is killed three times, and a third who comes later. */
import { generateSecret } from 'sealsync'
import type { Found, Made } from '../../src/automerge/device.ts'
import { WITH_REPO, withDevice } from '../../src/automerge/with-device.ts'
import { startRelayProcess } from '../../src/relay.ts'
import { startWorker, type Worker } from '../../src/worker.ts'
import type { Agent, Part } from '../ancestors.ts'
import { createKills } from '../kills.ts'
import type { RepoAuthorOrder, RepoAuthorReport, RepoFinished } from './author.ts'
import { beginning } from './branch.ts'

export interface RepoOutcome {
  readonly authors: readonly [RepoFinished, RepoFinished]
  /** Who finds the document after all is done. */
  readonly third: Found
  readonly kills: number
  readonly alarms: readonly string[]
}

/** Runs the session of `parts`; everything that it started has ended when it returns or throws. */
export const runRepoSession = async (options: {
  readonly parts: readonly [Part, Part]
  readonly seed: number
  readonly timeoutMs: number
}): Promise<RepoOutcome> => {
  const { parts, seed, timeoutMs } = options
  const count = parts[0].edits.length + parts[1].edits.length
  const relay = await startRelayProcess()
  const here = { relay: relay.url, secret: generateSecret() }
  const base = beginning()
  const start = (): Worker<RepoAuthorOrder, RepoAuthorReport> =>
    startWorker(new URL('./author.ts', import.meta.url), WITH_REPO)
  const workers = [start(), start()] as const
  const alarms: string[] = []
  const stands = ['nothing', 'nothing']
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = (order: RepoAuthorOrder): void => {
    for (const worker of workers) worker.send(order)
  }
  const kills = createKills(
    relay,
    (killed) => tell({ type: 'killed', count: killed }),
    () => tell({ type: 'back' }),
  )

  const author = async (agent: Agent, url: Made['url']): Promise<RepoFinished> => {
    const worker = workers[agent]
    worker.listen((report) => {
      if (report.type === 'alarm') alarms.push(`${report.kind}: ${report.message}`)
      if (report.type === 'reached') kills.reached(report.milestone)
      if (report.type === 'stands') stands[agent] = `typed ${report.typed}, held ${report.held}`
    })
    await worker.ready
    const finished = worker.next('finished')
    worker.send({ type: 'begin', url, base, agent, count, seed: seed + agent, ...here })
    return await finished
  }

  const run = async (): Promise<RepoOutcome> => {
    const url = await withDevice(here, async (device) => {
      const made = device.next('made')
      device.send({ type: 'import', saved: base })
      return (await made).url
    })
    const authors = await Promise.all([author(0, url), author(1, url)])
    await kills.mended()
    const third = await withDevice(here, async (device) => {
      const found = device.next('found')
      device.send({ type: 'find', url, restMs: 0 })
      return await found
    })
    return { authors, third, kills: kills.count(), alarms }
  }

  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Error(
              `not done after ${timeoutMs} ms: ${stands.join(' and ')}, relay killed ${kills.count()} times`,
            ),
          ),
        timeoutMs,
      )
    })
    return await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
    await Promise.all(workers.map((worker) => worker.kill()))
    await kills.mended().catch(() => undefined)
    await relay.remove()
  }
}
