// The command line in this process, in a folder of its own: what it prints where, and its exit code.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runCli } from '../../src/cli/cli.ts'

export interface Answer {
  code: number
  out: string
  err: string
}

export async function command(cwd: string, ...args: string[]): Promise<Answer> {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    liveTerminal: false,
    colour: false,
    screen: () => ({ rows: 24, columns: 80 }),
    cwd,
    env: {},
    signal: new AbortController().signal,
  })
  return { code, out, err }
}

/** A new folder below the root with these files. */
export function lay(root: string, files: Record<string, string>): string {
  const folder = mkdtempSync(join(root, 'case-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** A pipeline of one process; the steps are indented by eight. */
export const manifest = (steps: string, params = ''): string => `apiVersion: loom.etl/v1alpha1
kind: ETLPipeline
metadata: {name: bad}
spec:
${params}  processes:
    - name: main
      steps:
${steps}`
