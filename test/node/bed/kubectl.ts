// kubectl: the program that KUBECTL names, or the one on the path, or one built once from its pinned Go module.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { output, REPOSITORY } from './buildah.ts'

const MODULE = join(import.meta.dirname, 'kubectl')

/** @returns the path of the program */
export async function findKubectl(): Promise<string> {
  const given = process.env['KUBECTL'] ?? ''
  if (given !== '') return given
  const installed = await output('which', ['kubectl']).catch(() => '')
  if (installed !== '') return installed
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(MODULE, file)))
  const folder = join(REPOSITORY, '.cache', `kubectl-${hash.digest('hex').slice(0, 16)}`)
  const binary = join(folder, 'kubectl')
  if (existsSync(binary)) return binary
  process.stderr.write(`Building kubectl from its Go module into ${binary}: once, about a minute.\n`)
  mkdirSync(folder, { recursive: true })
  const unfinished = `${binary}.${process.pid}`
  await output('env', ['CGO_ENABLED=0', 'go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', unfinished, '.'], MODULE)
  renameSync(unfinished, binary)
  return binary
}

if (import.meta.main) process.stdout.write(`${await findKubectl()}\n`)
