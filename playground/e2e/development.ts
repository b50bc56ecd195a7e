import { build } from 'vite'

const ROOT = new URL('..', import.meta.url).pathname

/** Builds the playground with what React and others check only while one develops. */
export const buildForDevelopment = async (dist: string): Promise<void> => {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'development'
  try {
    await build({
      root: ROOT,
      mode: 'development',
      logLevel: 'error',
      build: { outDir: dist, emptyOutDir: true, minify: false },
    })
  } finally {
    process.env.NODE_ENV = before
  }
}
