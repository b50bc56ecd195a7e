/** Where a document is: what every process of a measurement is told. */
export interface Room {
  readonly url: string
  readonly secret: string
  readonly room: string
}

/** The name of the one root type that all measured documents have. */
export const TEXT = 'text'
