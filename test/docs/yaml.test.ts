// Every YAML block of the pages is lawful: whole manifests as they are, parts of them in the smallest manifest around them.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { API_VERSION, type Problem, parseValue } from '../../src/manifest/index.ts'
import { type Block, blocksOf, PAGES, type Part } from './pages.ts'

const STEP = { name: 'step', sources: { rows: { rows: { values: [{ a: 1 }] } } }, target: { table: { ref: 'a.b' } } }

const KINDS: Readonly<Record<Exclude<Part, 'step'>, { kind: string; around: object }>> = {
  pipeline: { kind: 'ETLPipeline', around: { processes: [{ name: 'main', steps: [STEP] }] } },
  run: { kind: 'ETLRun', around: {} },
  storage: { kind: 'ETLStorage', around: {} },
  pool: { kind: 'ETLWorkerPool', around: {} },
}

const isForPython = ({ mark }: Block): boolean => mark.kind === 'file' && mark.name.endsWith('/loom-kernel.yaml')

for (const page of PAGES)
  for (const block of blocksOf(page)) {
    if (block.language !== 'yaml' || block.mark.kind === 'values' || isForPython(block)) continue
    it(`${page}:${block.line} is lawful YAML`, () => assert.deepEqual(problemsOf(block), []))
  }

function problemsOf({ mark, text, page }: Block): Problem[] {
  if (mark.kind === 'part') return parseValue(wrapped(mark.of, parse(text)), page).problems
  return parseAllDocuments(text).flatMap((document) => {
    assert.deepEqual(document.errors, [])
    const value = document.toJS() as { apiVersion?: string; kind?: string; metadata?: { name?: string } }
    if (value.apiVersion === API_VERSION) return parseValue(value, page).problems
    assert.ok(value.apiVersion && value.kind && value.metadata?.name, 'no manifest; mark what it is a part of')
    return []
  })
}

/** @param part members, or a list of steps */
function wrapped(of: Part, part: object): object {
  if (of === 'step') {
    const steps = (Array.isArray(part) ? part : [part]).map((step: object) => ({ ...STEP, ...step }))
    return manifest('ETLPipeline', { processes: [{ name: 'main', steps }] })
  }
  const { kind, around } = KINDS[of]
  return manifest(kind, { ...around, ...part })
}

const manifest = (kind: string, spec: object) => ({ apiVersion: API_VERSION, kind, metadata: { name: 'part' }, spec })

it('YAML that is not lawful is found', () => {
  const block = { page: 'p', line: 1, language: 'yaml', mark: { kind: 'part', of: 'step' } } as const
  assert.deepEqual(problemsOf({ ...block, text: 'target: {table: {ref: a.b, appendd: {}}}' })[0]?.code, 'UnknownField')
})
