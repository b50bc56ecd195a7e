import type { ServerResponse } from 'node:http'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// Where the relay listens is known when the page is served, not when it is built.
const sendRelay = (_request: unknown, response: ServerResponse): void => {
  response.setHeader('content-type', 'application/json')
  response.setHeader('cache-control', 'no-store')
  response.end(JSON.stringify({ url: `ws://localhost:${process.env.SEALSYNC_RELAY_PORT ?? 4455}` }))
}

const relayAddress: Plugin = {
  name: 'relay-address',
  configureServer: (server) => {
    server.middlewares.use('/relay.json', sendRelay)
  },
  configurePreviewServer: (server) => {
    server.middlewares.use('/relay.json', sendRelay)
  },
}

export default defineConfig({
  plugins: [react(), relayAddress],
  // Two copies of Yjs in one page do not recognise each other's types.
  resolve: {
    dedupe: ['yjs', 'y-protocols', 'react', 'react-dom'],
    // What y-monaco 0.1 asks for, at the place where monaco-editor 0.57 has it.
    alias: { 'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor/editor.api.js' },
  },
  build: {
    // Monaco, which is loaded only where it is picked.
    chunkSizeWarningLimit: 3000,
    // Each page loads its own CRDT only.
    rolldownOptions: { input: ['index.html', 'editors.html', 'tasks.html'] },
  },
})
