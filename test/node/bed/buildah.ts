// Images without a registry and without an engine: buildah with a storage of its own under .cache/, which is nobody else's.
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const REPOSITORY = join(import.meta.dirname, '../../..')
export const IMAGE_CACHE = join(REPOSITORY, '.cache/images')

const run = promisify(execFile)

/** Runs a program to its end. @returns what it printed; @throws Error with the end of what it said, when it fails */
export async function output(program: string, args: readonly string[], cwd = REPOSITORY): Promise<string> {
  try {
    return (await run(program, [...args], { cwd, env: ENVIRONMENT, maxBuffer: 64 * 1024 ** 2 })).stdout.trim()
  } catch (thrown) {
    const { stderr = '', stdout = '' } = thrown as { stderr?: string; stdout?: string }
    throw new Error(`${program} ${args.slice(0, 6).join(' ')} failed:\n${`${stdout}\n${stderr}`.slice(-4000)}`, {
      cause: thrown,
    })
  }
}

/**
 * Without an engine's help a build step runs in a changed root, which needs no more than root's rights. The clone's own Node is left
 * out of the path: npm asked by way of it would not find the machine's settings.
 */
const ENVIRONMENT = {
  ...process.env,
  BUILDAH_ISOLATION: 'chroot',
  PATH: (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !folder.endsWith('node_modules/.bin'))
    .join(':'),
}

export async function buildah(command: string, ...args: readonly string[]): Promise<string> {
  mkdirSync(IMAGE_CACHE, { recursive: true })
  const storage = ['--root', join(IMAGE_CACHE, 'storage'), '--runroot', join(IMAGE_CACHE, 'run')]
  // Its mounts go with a namespace of their own, however it ends.
  return await output('unshare', ['--mount', 'buildah', ...storage, '--storage-driver', 'overlay', command, ...args])
}

export async function hasImage(name: string): Promise<boolean> {
  return (await buildah('images', '--format', '{{.Name}}:{{.Tag}}')).split('\n').includes(name)
}
