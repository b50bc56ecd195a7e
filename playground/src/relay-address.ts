/** Where the relay is. The server of the page knows, since both were started together. */
export const fetchRelayUrl = async (): Promise<string | undefined> => {
  try {
    const answer: unknown = await (await fetch('/relay.json')).json()
    const isAddress = typeof answer === 'object' && answer !== null && 'url' in answer
    return isAddress && typeof answer.url === 'string' ? answer.url : undefined
  } catch {
    return undefined
  }
}
