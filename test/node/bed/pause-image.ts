// The image of the container that every pod begins with, as an archive.
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { buildah, IMAGE_CACHE, output } from './buildah.ts'

export const PAUSE_IMAGE = 'localhost/loom-pause:1'

/** @returns the archive's path */
export async function pauseImage(): Promise<string> {
  const archive = join(IMAGE_CACHE, 'pause-1.tar')
  if (existsSync(archive)) return archive
  mkdirSync(IMAGE_CACHE, { recursive: true })
  const program = join(IMAGE_CACHE, 'pause')
  await output(
    'env',
    ['CGO_ENABLED=0', 'go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', program, 'main.go'],
    SOURCE,
  )
  const container = await buildah('from', 'scratch')
  await buildah('copy', '--quiet', container, program, '/pause')
  await buildah('config', '--entrypoint', '["/pause"]', '--user', '65535:65535', container)
  await buildah('commit', '--quiet', '--rm', container, PAUSE_IMAGE)
  await buildah('push', '--quiet', PAUSE_IMAGE, `docker-archive:${archive}.${process.pid}:${PAUSE_IMAGE}`)
  renameSync(`${archive}.${process.pid}`, archive)
  return archive
}

const SOURCE = join(import.meta.dirname, 'pause')
