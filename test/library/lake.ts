// A folder to run pipelines in, and a look at what they left.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ETLRunner, type ETLRunnerParts, type PipelineDocument, pipeline, process, step } from '../../src/index.ts'

export interface Lake {
  folder: string
  runner(parts?: ETLRunnerParts): ETLRunner
  file(path: string, text: string): string
  /** The rows of a table, by their first column. */
  rows(ref: string): Promise<unknown[]>
  remove(): void
}

export function lake(): Lake {
  const folder = mkdtempSync(join(tmpdir(), 'loom-library-'))
  return {
    folder,
    runner: (parts = {}) => new ETLRunner({ folder, threads: 1, log: SILENT, ...parts }),
    file(path, text) {
      const absolute = join(folder, path)
      mkdirSync(dirname(absolute), { recursive: true })
      writeFileSync(absolute, text)
      return absolute
    },
    async rows(ref) {
      const show = step('show', {
        sources: { it: { table: { ref } } },
        sql: 'SELECT * FROM it ORDER BY ALL',
        target: { file: { path: 'shown.json', format: 'json' } },
      })
      await new ETLRunner({ folder, threads: 1 }).run(pipeline('show', {}, [process('show', [show])]))
      const text = readFileSync(join(folder, 'shown.json'), 'utf8')
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export const SILENT = { info: () => undefined, warn: () => undefined }

/** One process of these steps, one after the other. */
export const flow = (...steps: Parameters<typeof process>[1]): PipelineDocument =>
  pipeline('flow', {}, [process('main', steps)])

export const three = { rows: { values: [{ id: 1 }, { id: 2 }, { id: 3 }] } }

/** Writes three rows to a table. */
export const makes = (name: string, ref = `raw.${name}`) =>
  step(name, { sources: { rows: three }, target: { table: { ref, append: {} } } })

/** Fails when it runs: there is no such file. */
export const fails = (name: string) =>
  step(name, {
    sources: { csv: { file: { path: 'nowhere.csv', format: 'csv' } } },
    target: { table: { ref: `raw.${name}`, append: {} } },
  })
