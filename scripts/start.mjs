// `npm start`: the relay and the playground, from a fresh clone, with one command and one Ctrl-C.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureInstalled, env, root, run } from './tools.mjs'

const state = join(root, '.sealsync')
const database = '.sealsync/relay.db'
const children = []
let isStopping = false

ensureInstalled()
if (
  !run('turbo', [
    'run',
    'build',
    '--filter=sealsync-playground...',
    '--output-logs=errors-only',
    '--log-order=grouped',
  ])
) {
  process.exit(1)
}
mkdirSync(state, { recursive: true })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0))

const relayPort = await freePort(4455)
const playgroundPort = await freePort(5173)
start('relay', root, [
  'node',
  'relay-node/dist/bin.js',
  '--port',
  `${relayPort}`,
  '--store',
  `sqlite:${database}`,
])
start('playground', join(root, 'playground'), [
  ...['vite', 'preview', '--host', 'localhost', '--strictPort', '--port', `${playgroundPort}`],
])
await Promise.all([answers(relayPort, '/healthz'), answers(playgroundPort, '/')])

if (!isStopping) {
  console.log(`Playground  http://localhost:${playgroundPort}`)
  console.log(`Relay  ws://localhost:${relayPort}  (${database})`)
  console.log('Ctrl-C stops both')
}

function start(name, cwd, [command, ...args]) {
  const log = join(state, `${name}.log`)
  // A group of its own: stopping it also stops whatever the child has started.
  const child = spawn(command, args, {
    cwd,
    env: { ...env, SEALSYNC_RELAY_PORT: `${relayPort}` },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const file = createWriteStream(log)
  child.stdout.pipe(file, { end: false })
  child.stderr.pipe(file, { end: false })
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(`exit ${code ?? signal}`))
  }).then((reason) => new Promise((resolve) => file.end(() => resolve(reason))))
  children.push({ child, ended })
  ended.then((reason) => {
    if (isStopping) return
    console.error(
      `The ${name} ended: ${reason}\n${readFileSync(log, 'utf8').split('\n').slice(-20).join('\n')}`,
    )
    stop(1)
  })
}

async function stop(code) {
  if (isStopping) return
  isStopping = true
  for (const { child } of children) kill(child, 'SIGTERM')
  const all = Promise.all(children.map(({ ended }) => ended))
  await Promise.race([all, sleep(5_000)])
  for (const { child } of children) kill(child, 'SIGKILL')
  process.exit(code)
}

function kill(child, signal) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // the group is gone already, which is what we want
  }
}

async function answers(port, path) {
  const deadline = Date.now() + 30_000
  while (!isStopping) {
    const isUp = await fetch(`http://localhost:${port}${path}`).then(
      () => true,
      () => false,
    )
    if (isUp) return
    if (Date.now() > deadline) {
      console.error(`Nothing answers on port ${port}; see .sealsync/*.log`)
      return stop(1)
    }
    await sleep(50)
  }
}

async function freePort(from) {
  for (let port = from; port < from + 100; port += 1) {
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port
  }
  throw new Error(`no free port between ${from} and ${from + 99}`)
}

function isFree(port, host) {
  return new Promise((resolve) => {
    const server = createServer()
    // A machine without IPv6 has no ::1 to be taken.
    server.once('error', (error) => resolve(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
