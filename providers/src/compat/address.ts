/** Addresses as other providers take them. */

export const withoutSlashes = (url: string): string => url.replace(/\/+$/, '')

/** `http://…` and `https://…` stand for `ws://…` and `wss://…`, as in a WebSocket. */
export const addressFrom = (url: string): string =>
  url.replace(/^http(s?):/i, (_, secure: string) => `ws${secure}:`)
