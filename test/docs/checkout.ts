// An empty working copy of the project, built and installed, for the commands that pages tell.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { REPOSITORY } from './pages.ts'

const COPIED = [
  'examples',
  'src',
  'scripts',
  'dist',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'Makefile',
]

export interface Said {
  status: number | null
  stdout: string
  stderr: string
}

export class Checkout implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'loom-docs-'))

  /** @param empty nothing of the project is in it */
  constructor({ empty = false } = {}) {
    if (!empty) this.#fill()
  }

  #fill(): void {
    for (const name of COPIED)
      cpSync(join(REPOSITORY, name), join(this.folder, name), { recursive: true, preserveTimestamps: true })
    // A folder of its own with links inside: an `npm ci` here could never reach the real one.
    mkdirSync(join(this.folder, 'node_modules'))
    for (const name of readdirSync(join(REPOSITORY, 'node_modules'))) {
      if (name !== '.package-lock.json')
        symlinkSync(join(REPOSITORY, 'node_modules', name), join(this.folder, 'node_modules', name))
    }
    // What is installed and built is newer than what it is made from: make has nothing to do but the demo.
    writeFileSync(join(this.folder, 'node_modules/.package-lock.json'), '')
    writeFileSync(join(this.folder, 'dist/.built'), '')
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  async run(command: string, more: Readonly<Record<string, string>> = {}): Promise<Said> {
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...more }
    const child = spawn('bash', ['--norc', '-euc', command], { cwd: this.folder, timeout: 240_000, env })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status) => resolve({ status, stdout, stderr }))
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
