/** y-monaco draws carets without names or colors, but each with a class of its own: a style sheet gives them both. */
import type { Awareness } from 'sealsync/yjs'
import { personFrom } from '../person.ts'

/** A text as a CSS string. Names are a stranger's choice. */
const quoted = (text: string): string => `"${CSS.escape(text)}"`

/** Until the result is called. */
export const showNames = (awareness: Awareness): (() => void) => {
  const sheet = new CSSStyleSheet()
  const draw = (): void => {
    const rules = [...awareness.states].map(([clientId, { user }]) => {
      const { name, color } = personFrom(user)
      return `.yRemoteSelection-${clientId}, .yRemoteSelectionHead-${clientId} { --name: ${quoted(name)}; --color: ${color} }`
    })
    sheet.replaceSync(rules.join('\n'))
  }
  awareness.on('change', draw)
  draw()
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  return () => {
    awareness.off('change', draw)
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet)
  }
}
