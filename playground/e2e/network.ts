/** The network of a profile, which can be cut: sockets break, and no new one can be opened until it is mended. */
import type { BrowserContext, WebSocketRoute } from 'playwright-core'

export interface Network {
  cut(): Promise<void>
  mend(): Promise<void>
}

/** To be called before the profile has a page. */
export const networkOf = async (profile: BrowserContext): Promise<Network> => {
  const open = new Set<WebSocketRoute>()
  let isCut = false
  await profile.routeWebSocket(/./, async (socket) => {
    if (isCut) return socket.close()
    socket.connectToServer()
    open.add(socket)
  })
  return {
    cut: async () => {
      isCut = true
      await Promise.all([...open].map((socket) => socket.close()))
      open.clear()
    },
    mend: async () => {
      isCut = false
    },
  }
}
