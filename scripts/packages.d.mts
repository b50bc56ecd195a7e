export interface Packed {
  readonly folder: string
  readonly manifest: {
    readonly name: string
    readonly version: string
    readonly exports: Readonly<Record<string, unknown>>
  }
  /** Its path. */
  readonly tarball: string
  readonly sizeBytes: number
  /** Paths in it. */
  readonly files: readonly string[]
}

export const published: readonly string[]
export function packInto(directory: string): readonly Packed[]
