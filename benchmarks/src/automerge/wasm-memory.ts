/**
 * How much memory WebAssembly has. Automerge does not tell, so instances are noted as they are made: start the process
 * with `--import` of this file, before anything else is loaded. Such memory grows and never shrinks: what is read is
 * the peak.
 */
const memories: WebAssembly.Memory[] = []

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct: (target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports?]) => {
    const instance = new target(module, imports)
    for (const exported of Object.values(instance.exports)) {
      if (exported instanceof WebAssembly.Memory) memories.push(exported)
    }
    return instance
  },
})

/** Throws when there is none: then this was loaded too late. */
export const wasmMb = (): number => {
  if (memories.length === 0) throw new Error('no WebAssembly was seen: start with --import of wasm-memory.ts')
  return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) / 2 ** 20
}
