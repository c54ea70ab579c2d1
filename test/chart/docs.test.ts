// docs/install.md: its Helm commands are commands that Helm takes, and its manifests are lawful.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { parseFiles } from '../../src/manifest/index.ts'
import { findHelm } from './bed/helm.ts'
import { KUBERNETES } from './support/rendered.ts'

const run = promisify(execFile)
const REPOSITORY = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(REPOSITORY, 'docs/install.md'), 'utf8')

const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text)
const commands = blocks('sh').flatMap((block) => block.replaceAll('\\\n', ' ').trim().split('\n'))

/** The words of a command line, quotes taken off. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** Renders what would be installed, without asking a cluster. */
async function template(line: string, more: readonly string[] = []): Promise<string> {
  const [, , ...args] = words(line).filter(
    (word) => !['--create-namespace', '--reset-then-reuse-values'].includes(word),
  )
  const helm = await findHelm()
  const all = ['template', ...args, '--kube-version', KUBERNETES, ...more]
  return (await run(helm, all, { cwd: REPOSITORY, maxBuffer: 16 * 1024 ** 2 })).stdout
}

const installs = commands.filter((line) => /^helm (install|upgrade) /.test(line))

const readme = [...readFileSync(join(REPOSITORY, 'README.md'), 'utf8').matchAll(/^\$ (helm install .*)$/gm)].map(
  ([, line = '']) => line,
)

it('speaks of installing and upgrading, as the README does', () => {
  assert.deepEqual([installs.length, readme.length], [3, 1])
})

for (const line of [...installs, ...readme])
  it(`helm takes: ${line.replaceAll(/\s+/g, ' ')}`, async () => {
    assert.match(await template(line), /kind: Deployment/)
  })

it('helm takes the values for production', async () => {
  const [values = ''] = blocks('yaml').filter((text) => text.startsWith('# values'))
  const file = join(tmpdir(), `loom-values-${process.pid}.yaml`)
  writeFileSync(file, values)
  try {
    const rendered = await template(installs[0] ?? '', ['--values', file])
    for (const kind of ['ServiceMonitor', 'PrometheusRule', 'ConfigMap'])
      assert.match(rendered, new RegExp(`^kind: ${kind}$`, 'm'))
  } finally {
    rmSync(file)
  }
})

it('helm refuses what it is said to refuse, in those words', async () => {
  const [block = ''] = blocks('console')
  const [command = '', ...said] = block.split('\n')
  await assert.rejects(template(command.replace('$ ', '')), ({ stderr }: { stderr: string }) => {
    assert.ok(stderr.startsWith(said.join('\n').trim()), stderr)
    return true
  })
})

it('has a lawful storage', () => {
  const [manifest = ''] = blocks('yaml').filter((text) => text.includes('kind: ETLStorage'))
  const { documents, problems } = parseFiles([{ name: 'install.md', text: manifest }])
  assert.deepEqual(problems, [])
  assert.equal(documents.length, 1)
})
