// Every ```ts and ```tsx block of the documentation must compile against the sources, as a module of its own.
// Free variables that an example may take for granted are declared in docs-preamble.d.ts. A block that begins with the
// name of a file, as `// relay-node/test/counter/counter.ts`, must be that file; others import it as `./counter.ts`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { env, root } from './tools.mjs'

const out = join(root, '.cache', 'docs')
const published = ['providers', 'react-hooks', 'relay-node'].map((folder) => `${folder}/README.md`)
const pages = ['README.md', 'ARCHITECTURE.md', ...published, ...markdownIn('docs')].filter((page) =>
  existsSync(join(root, page)),
)
const sources = new Map()
const outdated = []

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const page of pages) {
  const text = readFileSync(join(root, page), 'utf8')
  for (const block of text.matchAll(/^```(tsx?)[ \t]*\n([\s\S]*?)^```/gm)) {
    const [, kind, code] = block
    const firstLine = text.slice(0, block.index).split('\n').length
    const [, quoted] = code.match(/^\/\/ (\S+\/\S+\.tsx?)\n/) ?? []
    const file =
      quoted === undefined ? `${page.replaceAll('/', '__')}.${firstLine}.${kind}` : basename(quoted)
    // Empty lines in front keep the line numbers of the page in tsc's messages.
    writeFileSync(join(out, file), `${'\n'.repeat(firstLine)}${code}export {}\n`)
    sources.set(file, page)
    if (quoted !== undefined && code !== `// ${quoted}\n${readFileSync(join(root, quoted), 'utf8')}`) {
      outdated.push(`${page}(${firstLine}): this is not ${quoted} any more`)
    }
  }
}
writeFileSync(
  join(out, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../tsconfig.base.json',
    compilerOptions: {
      lib: ['ES2022', 'DOM', 'DOM.Iterable'],
      types: ['node'],
      module: 'ESNext',
      moduleResolution: 'Bundler',
      jsx: 'react-jsx',
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    include: ['.', '../../scripts/docs-preamble.d.ts'],
  }),
)

const { status, stdout } =
  sources.size === 0
    ? { status: 0, stdout: '' }
    : spawnSync('tsc', ['-p', out, '--pretty', 'false'], { cwd: out, env, encoding: 'utf8' })
console.log(
  stdout.replace(/^(\S+?)\((\d+),/gm, (line, file, at) =>
    sources.has(file) ? `${sources.get(file)}(${at},` : line,
  ),
)
console.log(
  `${sources.size} examples in ${pages.length} pages ${status === 0 ? 'compile' : 'do not all compile'}`,
)
for (const one of outdated) console.log(one)
process.exitCode = status === 0 && outdated.length === 0 ? 0 : 1

function markdownIn(dir) {
  if (!existsSync(join(root, dir))) return []
  return readdirSync(join(root, dir), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${dir}/${name}`)
    .sort()
}
