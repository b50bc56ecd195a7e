/**
 * Serving a subscriber that is not live, one page at a time, from the store. It becomes live in the same synchronous
 * step in which it is found to have everything that is committed, so that nothing falls between and nothing overtakes.
 */
import {
  type Certificate,
  type Chunk,
  decodeChunk,
  decodeSnapshot,
  decodeUpdate,
  encodeToClient,
  type Item,
  kindOf,
  LIMITS,
  type Snapshot,
  toHex,
  type Update,
  updateItems,
  type Verify,
} from 'sealsync/protocol'
import { type Content, loadFrames, type Place, plainFrames, type Seal, type Step } from './deliveries.ts'
import { isOpen, type Log, sessionKey } from './document.ts'
import type { RelayLimits } from './relay-limits.ts'
import type { Entry, Store, Survey } from './store/store.ts'
import type { Backlog, Subscriber } from './subscriber.ts'

export interface CatchUp {
  /** Answers a fetch, or sends the next page; afterwards the subscriber is live or wants another turn. */
  advance(subscriber: Subscriber): Promise<void>
}

type Load = Backlog & { readonly type: 'load' }

/** A load from its beginning; the receiver's cursor stays at `after` until it is over. */
export const loadOf = (log: Log, after: number): Load => {
  const { active, version: through, digest } = log
  const needsSnapshot = active !== undefined && active.version > after
  const next = needsSnapshot
    ? ({ type: 'snapshot', version: active.version } as const)
    : ({ type: 'updates', from: undefined } as const)
  return { type: 'load', after, through, digest, next }
}

/** One load when something was pruned or when that is shorter; else what happened since, envelope by envelope. */
export const chooseBacklog = (log: Log, after: number, survey: Survey): Backlog => {
  const { active } = log
  const isShorter =
    active !== undefined && active.version > after && active.size + survey.uncoveredBytes < survey.bytes
  return survey.pruned || isShorter ? loadOf(log, after) : { type: 'delta' }
}

export const createCatchUp = (deps: {
  readonly store: Store
  readonly verify: Verify
  readonly limits: RelayLimits
}): CatchUp => {
  const { store, limits } = deps
  const maxBytes = limits.deliverBytes
  const seal = createSeal(deps.verify)

  const advance = async (subscriber: Subscriber): Promise<void> => {
    const { backlog, document, at } = subscriber
    if (subscriber.fetches.length > 0) return answerFetch(subscriber)
    if (backlog.type === 'load') return loadMore(subscriber, backlog)
    if (at === document.log.version) return goLive(subscriber)
    if (backlog.type === 'delta') return readMore(subscriber)
    const { log } = document
    subscriber.backlog = chooseBacklog(
      log,
      at,
      await store.survey(document.docId, { after: at, through: log.version }),
    )
  }

  const readMore = async (subscriber: Subscriber): Promise<void> => {
    const { document, at } = subscriber
    const page = await store.read(document.docId, { after: at, through: document.log.version, maxBytes })
    if (mustWait(subscriber)) return
    if (page.pruned) {
      subscriber.backlog = { type: 'undecided' }
      return
    }
    const steps: Step[] = []
    const add = (content: Content, place: Place): void => {
      steps.push({ content, version: place.version, digest: place.digest })
    }
    const addAnswers = (place: Place): void => {
      for (const item of dueAnswers(subscriber, place.version)) add({ type: 'item', item }, place)
    }
    let place: Place = { version: at, digest: subscriber.digest }
    for (const certificate of greeting(subscriber)) add({ type: 'certificate', certificate }, place)
    addAnswers(place)
    for (const entry of page.entries) {
      const envelope = envelopeOf(entry)
      const isOwn = subscriber.own.delete(entry.version)
      if (!isOwn)
        for (const certificate of introductions(subscriber, envelope))
          add({ type: 'certificate', certificate }, place)
      place = entry
      add(isOwn ? { type: 'item', item: { type: 'ack', id: entry.id } } : envelope, place)
      addAnswers(place)
    }
    if (place.version < page.through)
      add({ type: 'item', item: undefined }, { version: page.through, digest: page.digest })
    sendPlain(subscriber, steps)
    if (subscriber.at === document.log.version) goLive(subscriber)
  }

  const loadMore = async (subscriber: Subscriber, load: Load): Promise<void> => {
    const { document } = subscriber
    const { after, through, digest, next } = load
    const stretch =
      next.type === 'snapshot' ? { after: next.version - 1, through: next.version } : { after, through }
    const page =
      next.type === 'snapshot'
        ? { ...(await store.read(document.docId, { ...stretch, maxBytes })), next: undefined }
        : await store.readLoad(document.docId, { ...stretch, from: next.from, maxBytes })
    if (mustWait(subscriber)) return
    if (page.pruned) {
      // A newer snapshot has replaced what this load was made of. The receiver drops what it has twice.
      subscriber.backlog = loadOf(document.log, after)
      return
    }
    const contents: Content[] = []
    for (const certificate of greeting(subscriber)) contents.push({ type: 'certificate', certificate })
    for (const entry of page.entries) {
      const envelope = envelopeOf(entry)
      for (const certificate of introductions(subscriber, envelope))
        contents.push({ type: 'certificate', certificate })
      contents.push(envelope)
    }
    const isLast = next.type === 'updates' && page.next === undefined
    const caughtUp = through === document.log.version
    const place = { version: through, digest }
    const { channel } = document
    const delivery = {
      channel,
      after,
      through: place,
      contents,
      piece: subscriber.pieces,
      isLast,
      caughtUp,
      frameBytes: maxBytes,
      seal,
    }
    for (const frame of loadFrames(delivery)) {
      subscriber.link.send(frame)
      subscriber.pieces++
    }
    if (!isLast) {
      subscriber.backlog = { ...load, next: { type: 'updates', from: page.next } }
      return
    }
    subscriber.backlog = { type: 'undecided' }
    subscriber.pieces = 0
    subscriber.at = through
    subscriber.digest = digest
    for (const version of subscriber.own) if (version <= through) subscriber.own.delete(version)
    if (caughtUp) goLive(subscriber)
  }

  const goLive = (subscriber: Subscriber): void => {
    const place = { version: subscriber.at, digest: subscriber.digest }
    const wasGreeted = subscriber.isGreeted
    const steps: Step[] = []
    for (const certificate of greeting(subscriber))
      steps.push({ content: { type: 'certificate', certificate }, ...place })
    for (const item of dueAnswers(subscriber, subscriber.at))
      steps.push({ content: { type: 'item', item }, ...place })
    if (steps.length > 0 || !wasGreeted) sendPlain(subscriber, steps)
    subscriber.introduced.clear()
    subscriber.own.clear()
    subscriber.backlog = { type: 'undecided' }
    subscriber.live = true
  }

  const sendPlain = (subscriber: Subscriber, steps: readonly Step[]): void => {
    const { document, link } = subscriber
    const from = { version: subscriber.at, digest: subscriber.digest }
    const { channel } = document
    const delivery = { channel, from, steps, last: document.log.version, frameBytes: maxBytes }
    for (const frame of plainFrames(delivery)) link.send(frame)
    const { version, digest } = steps.at(-1) ?? from
    subscriber.at = version
    subscriber.digest = digest
  }

  const answerFetch = async (subscriber: Subscriber): Promise<void> => {
    const { document, fetches } = subscriber
    const page = await store.readByIds(document.docId, fetches.slice(0, LIMITS.fetch), maxBytes)
    if (mustWait(subscriber)) return
    fetches.splice(0, page.answered)
    const unknown = [...page.unknown]
    const certificates = new Set<Certificate>()
    const items: Item[] = []
    for (const entry of page.entries) {
      const envelope = envelopeOf(entry)
      const certificate = document.log.sessions.get(sessionKey(envelope))?.certificate
      // Committed, but not announced yet: nobody may see it ahead of its turn.
      if (entry.version > document.log.version || certificate === undefined) unknown.push(entry.id)
      else {
        certificates.add(certificate)
        items.push(
          ...(envelope.type === 'update'
            ? updateItems([envelope])
            : [{ type: 'snapshot', snapshot: envelope } as const]),
        )
      }
    }
    for (const bytes of page.chunks) items.push({ type: 'chunk', chunk: chunkOf(bytes) })
    const shown = [...certificates].map((certificate) => ({ type: 'certificate', certificate }) as const)
    subscriber.link.send(
      encodeToClient({ type: 'found', channel: document.channel, items: [...shown, ...items], unknown }),
    )
  }

  return { advance }
}

const mustWait = ({ isGone, link }: Subscriber): boolean => isGone || link.isLagging()

/** Ahead of everything else: the certificates of all open sessions. */
const greeting = (subscriber: Subscriber): readonly Certificate[] => {
  if (subscriber.isGreeted) return []
  subscriber.isGreeted = true
  const certificates: Certificate[] = []
  for (const [key, session] of subscriber.document.log.sessions) {
    if (!isOpen(session)) continue
    subscriber.introduced.add(key)
    certificates.push(session.certificate)
  }
  return certificates
}

/** The certificate of an envelope's session, unless it went out before. */
const introductions = (
  { introduced, document }: Subscriber,
  envelope: Update | Snapshot,
): readonly Certificate[] => {
  const key = sessionKey(envelope)
  const session = document.log.sessions.get(key)
  if (session === undefined || introduced.has(key)) return []
  introduced.add(key)
  return [session.certificate]
}

const dueAnswers = ({ answers }: Subscriber, version: number): readonly Item[] => {
  const due = answers.findIndex((answer) => answer.version > version)
  return answers.splice(0, due < 0 ? answers.length : due).map(({ item }) => item)
}

/** What the store gives back was encoded here, so anything else is a broken disk. */
const envelopeOf = ({ bytes, version }: Entry): Update | Snapshot => {
  const envelope = kindOf(bytes) === 'snapshot' ? decodeSnapshot(bytes) : decodeUpdate(bytes)
  if (!envelope.ok) throw new Error(`stored envelope ${version} is damaged: ${envelope.error}`)
  return envelope.value
}

const chunkOf = (bytes: Uint8Array): Chunk => {
  const chunk = decodeChunk(bytes)
  if (!chunk.ok) throw new Error(`a stored chunk is damaged: ${chunk.error}`)
  return chunk.value
}

/** Lets a run rest on its last signature if that is valid: an invalid one must not vouch for, or hide, the others. */
const createSeal = (verify: Verify): Seal => {
  // Most loads of a document cut its chains at the same places.
  const checked = new Map<string, boolean>()
  return (run) => {
    const last = run.at(-1)
    if (last === undefined || run.length === 1) return 'every'
    const key = toHex(last.id)
    let isValid = checked.get(key)
    if (isValid === undefined) {
      if (checked.size >= 10_000) checked.clear()
      isValid = last.signature !== undefined && verify('env-sig', last.signature, last.author, last.id)
      checked.set(key, isValid)
    }
    return isValid ? 'last' : 'every'
  }
}
