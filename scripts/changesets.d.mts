export function wrongChangesets(folder: string, names: readonly string[]): readonly string[]
