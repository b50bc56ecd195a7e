/** Which Node the relay needs: `node:sqlite` came with 22.13. */
const NEEDED = [22, 13] as const

/** What is needed and what to do; `undefined` when the version will do. */
export const nodeProblem = (version: string): string | undefined => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
  if (isEnough) return undefined
  return `sealsync-relay needs Node ${NEEDED.join('.')} or newer (for its built-in SQLite); this is ${version}. Install a newer one from https://nodejs.org, or run: npx -p node@24 -p sealsync-relay sealsync-relay`
}
