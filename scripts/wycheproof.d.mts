/** The folder with the vectors of Wycheproof, or undefined. */
export function findWycheproof(): string | undefined
/** Brings them if they are missing; true if they are there. */
export function fetchWycheproof(): Promise<boolean>
