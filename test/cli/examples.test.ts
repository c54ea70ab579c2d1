// The examples do what their comments and the README promise: every command that stands in one runs, and the flights can be
// loaded again and again.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { importManifest } from '../../src/cli/import-manifest.ts'
import { ETLRunner, pipeline, process, step } from '../../src/index.ts'
import { parseFiles } from '../../src/manifest/index.ts'
import { command } from '../faults/command.ts'

const root = mkdtempSync(join(tmpdir(), 'loom-examples-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** A working folder with the examples in it. */
function laid(): string {
  const folder = mkdtempSync(join(root, 'work-'))
  cpSync(join(import.meta.dirname, '../../examples'), join(folder, 'examples'), {
    recursive: true,
    filter: (path) => !path.endsWith('.loom'),
  })
  return folder
}

async function succeeds(folder: string, line: string): Promise<string> {
  const { code, out, err } = await command(folder, ...line.split(/\s+/))
  assert.equal(code, 0, `loom ${line}\n${out}${err}`)
  return out
}

/** The lines `# loom …` and `// loom …`; a gap of two blanks ends the command. */
function commandsIn(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line) => /^(?:#|\/\/)\s+loom (\S+(?: \S+)*)/.exec(line)?.[1] ?? [])
}

const small = readdirSync(join(import.meta.dirname, '../../examples')).filter((name) => name !== 'flights')

for (const name of small)
  test(`every command that stands in examples/${name} runs`, async () => {
    const folder = laid()
    const example = join(folder, 'examples', name)
    const files = readdirSync(example, { encoding: 'utf8', recursive: true }).filter((file) =>
      /\.(yaml|ts)$/.test(file),
    )
    const commands = files.flatMap((file) => commandsIn(join(example, file)))
    assert.ok(commands.length > 0, 'it tells no command')
    for (const line of commands) await succeeds(folder, line)
  })

test('an example in TypeScript becomes YAML that is the same document, and runs the same', async () => {
  const folder = laid()
  const yaml = await succeeds(folder, 'compile examples/builder/pipeline.ts')
  const { documents, problems } = parseFiles([{ name: 'compiled.yaml', text: yaml }])
  assert.deepEqual(problems, [])
  const written = await importManifest(join(folder, 'examples/builder/pipeline.ts'), 'pipeline.ts')
  assert.deepEqual(documents[0]?.value, JSON.parse(JSON.stringify(written)))
  const planOf = async (file: string): Promise<unknown> =>
    (JSON.parse(await succeeds(folder, `plan -f ${file} --output json`)) as { plan: { hash: unknown } }).plan.hash
  writeFileSync(join(folder, 'examples/builder/compiled.yaml'), yaml)
  assert.equal(await planOf('examples/builder/compiled.yaml'), await planOf('examples/builder/pipeline.ts'))
})

/** Within it two routes change their length. */
const QUARTER = 'run flights-2013 -f examples/flights --param period=2013-0[1-3]'

test('the flights of a quarter, the same once more, and a month of them: no table and no report changes', async () => {
  const folder = laid()
  const check = await succeeds(folder, 'check -f examples/flights')
  assert.match(check, /^checked \d+ steps: no errors$/m)
  await succeeds(folder, QUARTER)
  const first = await contentsOf(folder)
  assert.equal(first['raw.flights']?.['n'], 80_789n)
  assert.equal(first['clean.flights']?.['n'], 80_789n)
  await succeeds(folder, QUARTER)
  assert.deepEqual(await contentsOf(folder), first)
  await succeeds(folder, 'run flights-2013-01 -f examples/flights')
  assert.deepEqual(await contentsOf(folder), first)
  const shown = await succeeds(folder, 'show marts.carrier_delays --storage examples/flights/storage.yaml --limit 3')
  assert.equal(shown.trim().split('\n').length, 5)
  assert.deepEqual(readdirSync(join(folder, '.loom/temp/runs')), [])
})

/** Of every table: how many rows, and a digest that does not care for their order. */
async function contentsOf(folder: string): Promise<Record<string, Record<string, unknown>>> {
  const lake = join(folder, '.loom/lake')
  const refs = readdirSync(lake).flatMap((schema) =>
    readdirSync(join(lake, schema)).map((table) => `${schema}.${table}`),
  )
  const seen: Record<string, Record<string, unknown>> = {}
  const runner = new ETLRunner({
    folder,
    threads: 1,
    writer: {
      async write(frame, _target, { step: name }) {
        for await (const row of frame.rows()) seen[refs[Number(name.slice(1))] ?? ''] = row
        return { rows: 1 }
      },
    },
  })
  const steps = refs.map((ref, i) =>
    step(`t${i}`, {
      sources: { it: { table: { ref } } },
      sql: 'SELECT count(*) AS n, sum(hash(it)) AS digest FROM it',
      target: { temp: { name: `t${i}` } },
    }),
  )
  await runner.run(pipeline('look', {}, [process('look', steps)]))
  return { ...seen, report: { text: readFileSync(join(folder, '.loom/reports/carriers.csv'), 'utf8') } }
}
