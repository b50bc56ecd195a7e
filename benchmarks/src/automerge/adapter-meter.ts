/** An adapter that notes what it and its Repo say to each other, and how long the Repo takes for it. */
import type { Message } from '@automerge/automerge-repo'
import { SealsyncNetworkAdapter } from 'sealsync/automerge'

export interface Said {
  readonly by: 'repo' | 'adapter'
  readonly type: string
  readonly bytes: number
  /** `performance.now()` when it was said. */
  readonly at: number
  /**
   * Until the event loop turned: a Repo handles a message, and answers it, before that. Of what the Repo said: what we
   * do about it at once.
   */
  tookMs: number
}

// A class, because an adapter is one.
export class MeteredAdapter extends SealsyncNetworkAdapter {
  readonly said: Said[] = []

  constructor(...args: ConstructorParameters<typeof SealsyncNetworkAdapter>) {
    super(...args)
    // Before the Repo listens.
    this.on('message', (message) => this.note('adapter', message))
  }

  private note(by: Said['by'], { type, data }: Message): void {
    const at = performance.now()
    const said: Said = { by, type, bytes: data?.length ?? 0, at, tookMs: Number.NaN }
    this.said.push(said)
    setImmediate(() => {
      said.tookMs = performance.now() - at
    })
  }

  override send(message: Message): void {
    this.note('repo', message)
    super.send(message)
  }
}
