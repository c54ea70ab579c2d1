// Helm: the program that HELM names, or the one on the path, or one built once from its pinned Go module.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const VERSION = 'v3.19.5'
const CACHE = join(import.meta.dirname, `../../../.cache/helm-${VERSION}`)
/** The version that templates see where no cluster is asked; a release build of Helm has its own built in. */
const KUBERNETES = { Major: 1, Minor: 34 }

/** @returns the path of the program */
export async function findHelm(say: (line: string) => void = tellOnStderr): Promise<string> {
  const given = process.env['HELM'] ?? ''
  if (given !== '') return given
  const installed = await run('which', ['helm']).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
  if (installed !== '') return installed
  const binary = join(CACHE, 'helm')
  if (!existsSync(binary)) {
    say(`Building Helm from its Go module into ${binary}: once, about a minute.`)
    await build(binary)
  }
  return binary
}

/** Two processes may build at once: each has a folder of its own, and a rename makes one of them the binary. */
async function build(binary: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'building-'))
  const sets = ['pkg/lint/rules', 'pkg/chartutil'].flatMap((path) =>
    Object.entries(KUBERNETES).map(([part, value]) => `-X helm.sh/helm/v3/${path}.k8sVersion${part}=${value}`),
  )
  const flags = ['-trimpath', '-ldflags', ['-s', '-w', ...sets].join(' ')]
  try {
    await run('go', ['install', ...flags, `helm.sh/helm/v3/cmd/helm@${VERSION}`], {
      env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
      maxBuffer: 64 * 1024 ** 2,
    })
    renameSync(join(folder, 'helm'), binary)
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string }
    throw new Error(
      `cannot build Helm: ${stderr.slice(-2000) || String(cause)}; install Go 1.24 or newer, or name a helm of version 3 with HELM`,
      { cause },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function tellOnStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}

if (import.meta.main) process.stdout.write(`${await findHelm()}\n`)
