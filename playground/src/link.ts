/** A room as a link: all of it after `#`, which browsers never send to any server. */
export interface RoomLink {
  readonly room: string
  readonly secret: string
}

export type Fragment =
  | { readonly type: 'none' }
  | { readonly type: 'incomplete' }
  | ({ readonly type: 'link' } & RoomLink)

/** Reads `location.hash`. Whether the secret is well formed is for the provider to say. */
export const readFragment = (hash: string): Fragment => {
  if (hash === '' || hash === '#') return { type: 'none' }
  const fields = new URLSearchParams(hash.slice(1))
  const [room, secret] = [fields.get('room'), fields.get('secret')]
  return room && secret ? { type: 'link', room, secret } : { type: 'incomplete' }
}

export const toFragment = ({ room, secret }: RoomLink): string => `#${new URLSearchParams({ room, secret })}`
