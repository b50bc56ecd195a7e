/** From a session in simulated time to a model relay, over a wire that can break. */
import type { Clock } from '../../../providers/src/testing/clock.ts'
import type { ModelRelay } from '../../../providers/src/testing/model-relay.ts'
import { createWire, type Wire } from '../../../providers/src/testing/network.ts'
import type { Random } from '../../../providers/src/testing/random.ts'
import type { Host } from '../simulation/host.ts'

export const dialInto =
  (
    relay: ModelRelay,
    deps: {
      readonly clock: Clock
      readonly random: Random
      /** As which the relay knows who dials. */
      readonly name?: string
      readonly losesFrame?: () => boolean
      /** The wires that are open. */
      readonly wires?: Set<Wire>
    },
  ): ((...args: Parameters<Host['dial']>) => Wire) =>
  (client, latencyMs) => {
    const { clock, random, name, losesFrame, wires } = deps
    const wire = createWire({
      clock,
      random,
      latencyMs,
      toRelay: (bytes) => connection.receive(bytes),
      toClient: client.received,
      relayNotices: () => {
        wires?.delete(wire)
        connection.disconnect()
        client.dropped()
      },
    })
    const peer = {
      send: (bytes: Uint8Array) => {
        if (losesFrame?.() !== true) wire.down.send(bytes)
      },
      close: () => {
        wire.cut()
        client.dropped()
      },
    }
    const connection = relay.connect(peer, name)
    wires?.add(wire)
    return wire
  }
