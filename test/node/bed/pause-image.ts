// The image of the container that every pod begins with, as an archive.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { IMAGE_CACHE, output } from './buildah.ts'
import { programImage } from './program-image.ts'

export const PAUSE_IMAGE = 'localhost/loom-pause:1'

/** @returns the archive's path */
export async function pauseImage(): Promise<string> {
  mkdirSync(IMAGE_CACHE, { recursive: true })
  const program = join(IMAGE_CACHE, 'pause')
  if (!existsSync(program)) await compile(program)
  return await programImage({ image: PAUSE_IMAGE, program, as: '/pause' })
}

async function compile(program: string): Promise<void> {
  const build = ['go', 'build', '-trimpath', '-ldflags', '-s -w', '-o', program, 'main.go']
  await output('env', ['CGO_ENABLED=0', ...build], join(import.meta.dirname, 'pause'))
}
