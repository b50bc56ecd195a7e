/** Who wrote what, by claims and signatures, without a relay. */
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Received } from '../../src/sync/effects.ts'
import { type Attribution, createAttribution } from '../../src/yjs/attribution.ts'
import { claimFrom } from '../../src/yjs/client-ids.ts'
import { createListeners } from '../../src/yjs/listeners.ts'
import type { ProviderEvents } from '../../src/yjs/provider-events.ts'
import { createYjsReplica } from '../../src/yjs/replica.ts'
import { envelope, type, updateOf, VICTIM } from './forgeries.ts'

const SELF = { author: new Uint8Array(32).fill(200), session: new Uint8Array(8).fill(200) }

interface Stand extends Attribution {
  readonly doc: Y.Doc
  /** Number of the author of the text at this index. */
  at(index: number): number | undefined
  /** Numbers of the authors of each transaction, with what they inserted. */
  readonly told: readonly (readonly (readonly [number, ...string[]])[])[]
  apply(...batch: readonly Received[]): void
}

const number = (hex: string | undefined): number | undefined =>
  hex === undefined ? undefined : Number.parseInt(hex.slice(0, 2), 16)

const stand = (): Stand => {
  const doc = new Y.Doc()
  const listeners = createListeners<ProviderEvents>()
  const attribution = createAttribution({ doc, listeners, self: () => SELF })
  const replica = createYjsReplica(doc, 'provider', attribution)
  const told: (readonly [number, ...string[]])[][] = []
  listeners.on('remote-change', (changes) =>
    told.push(
      changes.map(({ author, inserted }) => [
        number(author) ?? -1,
        ...inserted.map(({ client, start, end }) => `${client}: ${start}-${end}`),
      ]),
    ),
  )
  return {
    ...attribution,
    doc,
    told,
    apply: (...batch) => {
      expect(replica.apply(batch, false)).toEqual([])
    },
    at: (index) =>
      number(attribution.authorOf(Y.createRelativePositionFromTypeIndex(doc.getText('text'), index))?.author),
  }
}

const claim = (by: number, clientId = VICTIM) => ({
  author: new Uint8Array(32).fill(by),
  session: new Uint8Array(8).fill(by),
  claim: claimFrom(clientId),
})

const he = updateOf(type('he'))
const llo = updateOf(type('llo', 2), { before: [he] })

describe('authorOf', () => {
  test('the first claim of an id counts, in whatever it comes', () => {
    const { apply, at, authorOf } = stand()
    apply(envelope(1, he, { claims: [claim(1)] }), envelope(2, llo, { claims: [claim(2)], author: 1 }))
    apply(envelope(3, he, { kind: 'snapshot', claims: [claim(3), claim(4, 7)] }))
    expect([at(0), at(2), number(authorOf(7)?.author)]).toEqual([1, 1, 4])
  })

  test('bytes that are no client id claim nothing', () => {
    const { apply, authorOf } = stand()
    const bad = { ...claim(1), claim: Uint8Array.of(1, 2, 3) }
    apply(envelope(1, he, { claims: [bad] }))
    expect([authorOf(1), authorOf(VICTIM)]).toEqual([undefined, undefined])
  })

  test('what only another has signed is nobody’s, until the claimant’s own envelope has it, too', () => {
    const { apply, at } = stand()
    apply(envelope(1, he, { claims: [claim(1)] }), envelope(2, llo))
    expect([at(0), at(2), at(4)]).toEqual([1, undefined, undefined])
    apply(envelope(3, llo, { author: 1 }))
    expect([at(0), at(2), at(4)]).toEqual([1, 1, 1])
  })

  test('what another has signed once more stays the claimant’s', () => {
    const { apply, at } = stand()
    apply(envelope(1, he, { claims: [claim(1)] }))
    apply(envelope(2, Y.mergeUpdates([he, llo])))
    expect([at(0), at(2)]).toEqual([1, undefined])
  })

  test('who makes a snapshot has not signed what others wrote', () => {
    const { apply, at } = stand()
    apply(envelope(2, he, { kind: 'snapshot', claims: [claim(1)] }))
    expect(at(0)).toBe(1)
  })

  test('what was refused changes nothing', () => {
    const { apply, at } = stand()
    apply(envelope(1, he, { kind: 'snapshot', claims: [claim(1)] }))
    apply(envelope(2, updateOf(type('XX'))))
    expect([at(0), at(1)]).toEqual([1, 1])
  })

  test('our own ids are ours, whoever claims them later or has before', () => {
    const { apply, at, claimedByUs, doc, authorOf } = stand()
    claimedByUs(VICTIM)
    doc.clientID = VICTIM
    doc.getText('text').insert(0, 'mine')
    apply(envelope(2, updateOf(type('x'), { clientId: 7 }), { claims: [claim(2)] }))
    expect(new Set([0, 1, 2, 3, 4].map(at))).toEqual(new Set([200, undefined]))
    expect(number(authorOf(VICTIM)?.author)).toBe(200)
  })
})

describe('remote-change', () => {
  test('what waited is told when it is there, as a change of who brought it first', () => {
    const { apply, told } = stand()
    apply(envelope(1, llo))
    apply(envelope(2, llo))
    expect(told).toEqual([])
    apply(envelope(3, he))
    expect(told).toEqual([
      [
        [1, `${VICTIM}: 2-5`],
        [3, `${VICTIM}: 0-2`],
      ],
    ])
  })

  test('where two tell the same, the first has changed something', () => {
    const { apply, told } = stand()
    apply(envelope(1, llo), envelope(2, llo), envelope(3, he), envelope(4, Y.mergeUpdates([he, llo])))
    expect(told).toEqual([
      [
        [1, `${VICTIM}: 2-5`],
        [3, `${VICTIM}: 0-2`],
      ],
    ])
  })

  test('what was known already, or is refused, is no change', () => {
    const { apply, told } = stand()
    apply(envelope(1, he))
    apply(envelope(2, he), envelope(3, updateOf(type('XX'))))
    expect(told).toEqual([[[1, `${VICTIM}: 0-2`]]])
  })
})
