/**
 * Why a socket or one document of it was closed. The band decides whether to try again, so that old clients
 * stay right when codes are added: 4400–4499 stop, everything else (also 1006, 1011, 1012, 1013) retries with
 * full jitter. The text that travels with a code is for people.
 */
export const CLOSE = {
  malformed: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  notFound: 4404,
  unsupportedVersion: 4406,
  tooLarge: 4413,
  goingAway: 1012,
  unavailable: 4503,
  silent: 4508,
  tooManyRequests: 4529,
} as const

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE]

/** True when trying again with the same input cannot help. */
export const isPermanent = (code: number): boolean => code >= 4400 && code <= 4499
