// The pages' Helm commands and values are such that Helm takes them, or refuses them in the words that are shown.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { blocksOf, commandsOf, isCommands, PAGES, REPOSITORY } from '../docs/pages.ts'
import { findHelm } from './bed/helm.ts'
import { KUBERNETES } from './support/rendered.ts'

const run = promisify(execFile)

const blocks = PAGES.flatMap((page) => blocksOf(page))
const commands = blocks
  .filter((block) => isCommands(block))
  .filter(({ mark }) => mark.kind === 'run' && mark.where === 'chart')
  .flatMap(commandsOf)

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

/** They stand beside Helm's, and others run them or their like: test/node, test/chart/release.test.ts, test/cluster/remote.test.ts. */
const BESIDE = [
  'make image IMAGE=registry.example.com/etl/loom-operator:0.1.0 && docker push registry.example.com/etl/loom-operator:0.1.0',
  'kubectl apply -k examples/flights',
  'kubectl get etlr -w',
  'loom status flights-2013-01 -w',
  'loom logs flights-2013-01 -f',
  'kubectl -n loom-system rollout status deployment/loom-operator',
  'helm test loom-operator --namespace loom-system',
]

const installs = commands.filter(({ text, prints }) => /^helm (install|upgrade) /.test(text) && prints === undefined)
const refused = commands.filter(({ text, prints }) => /^helm /.test(text) && prints !== undefined)

it('knows the commands of several pages', () => {
  const pages = new Set(installs.map(({ page }) => page))
  for (const page of ['README.md', 'docs/install.md', 'docs/operations.md']) assert.ok(pages.has(page), page)
  const others = commands.filter(({ text }) => !/^helm (install|upgrade) /.test(text) && !BESIDE.includes(text))
  assert.deepEqual(others, [], 'they are marked as run here, and are not')
})

for (const { page, line, text } of installs)
  it(`${page}:${line}: helm takes: ${text.replaceAll(/\s+/g, ' ')}`, async () => {
    assert.match(await template(text), /kind: Deployment/)
  })

for (const { page, line, text } of blocks.filter(({ mark }) => mark.kind === 'values'))
  it(`${page}:${line}: helm takes the values`, async () => {
    const file = join(tmpdir(), `loom-values-${process.pid}.yaml`)
    writeFileSync(file, text)
    try {
      const rendered = await template(installs[0]?.text ?? '', ['--values', file])
      for (const kind of page === 'docs/install.md' ? ['ServiceMonitor', 'PrometheusRule', 'ConfigMap'] : [])
        assert.match(rendered, new RegExp(`^kind: ${kind}$`, 'm'))
    } finally {
      rmSync(file)
    }
  })

for (const { page, line, text, prints = [] } of refused)
  it(`${page}:${line}: helm refuses: ${text}, in those words`, async () => {
    await assert.rejects(template(text), ({ stderr }: { stderr: string }) => {
      assert.ok(stderr.startsWith(prints.join('\n').trim()), stderr)
      return true
    })
  })
