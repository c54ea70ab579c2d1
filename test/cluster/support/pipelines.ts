// Small pipelines, inline in their runs.
import type { Manifest } from './cluster.ts'

type Step = Record<string, unknown>

/** Writes one row into the table `out.<name>`. */
export const quick = (name: string, more: Step = {}): Step => ({
  name,
  sources: { given: { rows: { values: [{ a: 1 }] } } },
  target: { table: { ref: `out.${name}`, append: {} } },
  ...more,
})

/** Would take ten minutes. */
export const slow = (name: string, more: Step = {}): Step => ({
  name,
  code: {
    inline: `export default async function* () {
  await new Promise((resolve) => setTimeout(resolve, 600_000))
  yield { a: 1 }
}`,
  },
  target: { table: { ref: `out.${name}`, append: {} } },
  ...more,
})

/** Takes the given time, then writes a row. */
export const takes = (name: string, seconds: number, more: Step = {}): Step => ({
  name,
  code: {
    inline: `export default async function* () {
  await new Promise((resolve) => setTimeout(resolve, ${seconds * 1000}))
  yield { a: 1 }
}`,
  },
  target: { table: { ref: `out.${name}`, append: {} } },
  ...more,
})

/** Ends when the file `open-<name>` lies in the lake. */
export const gated = (name: string): Step => ({
  name,
  code: {
    inline: `import { existsSync } from 'node:fs'
export default async function* () {
  while (!existsSync('/lake/open-${name}')) await new Promise((resolve) => setTimeout(resolve, 20))
  yield { a: 1 }
}`,
  },
  target: { table: { ref: `out.${name}`, append: {} } },
})

/** Does nothing for ever, and hears nothing: not its timeout, and not that it is to stop. */
export const stuck = (name: string, more: Step = {}): Step => ({
  name,
  code: {
    inline: `export default async function* () {
  console.log('stuck')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  yield { a: 1 }
}`,
  },
  target: { table: { ref: `out.${name}`, append: {} } },
  ...more,
})

export const fails = (name: string, message: string): Step => ({
  name,
  sql: `SELECT CAST(error('${message}') AS INTEGER) AS a`,
  target: { table: { ref: `out.${name}`, append: {} } },
})

export const inline = (steps: Step[]) => ({ processes: [{ name: 'main', steps }] })

export const run = (name: string, steps: Step[], more: Record<string, unknown> = {}): Manifest => ({
  kind: 'ETLRun',
  metadata: { name },
  spec: { pipeline: inline(steps), ...more },
})
