/** What may be wrong with an address before anything was opened. */
import type { ProblemText } from './problem.tsx'

export const RELAY_UNKNOWN: ProblemText = {
  title: 'The playground does not know its relay',
  text: 'The server of this page has no relay.json with the address of a relay.',
  remedy: 'Stop it and run npm start in the root of the repository: that starts both.',
}

export const LINK_INCOMPLETE: ProblemText = {
  title: 'This link is incomplete',
  text: 'A link to a room ends in #room=…&secret=…, and this one lacks a part of that.',
  remedy: 'Copy the whole link again, to its very end.',
}

export const NO_TASK_LIST: ProblemText = {
  title: 'This link leads to no task list',
  text: 'Its room is not the id of an Automerge document.',
  remedy: 'Open it with the page that it was made with, or copy the whole link of a task list.',
}

export const secretWrong = (error: unknown): ProblemText => ({
  title: 'The secret in this link is not right',
  text: error instanceof Error ? error.message : String(error),
  remedy: 'Nothing was sent. Copy the whole link again, to its very end.',
})
