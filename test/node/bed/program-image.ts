// Images of one program and nothing else but what it stands on, as archives that containerd imports.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { findNatsServer } from '../../cluster/bed/nats-server.ts'
import { makeBaseImages, RUN_BASE } from './base-images.ts'
import { buildah, IMAGE_CACHE } from './buildah.ts'

/** For the chart's values. Like the public image of nats-server, its entry point is the program, which may need the C library here. */
export const NATS_IMAGE = 'localhost/loom-nats:test'

export const natsImage = async (): Promise<string> =>
  await programImage({ image: NATS_IMAGE, program: await findNatsServer(), as: '/nats-server', base: RUN_BASE })

export interface ProgramImage {
  readonly image: string
  /** A file of this machine. */
  readonly program: string
  /** Its path in the image: the entry point. */
  readonly as: string
  /** One of base-images.ts; none for a program that needs no libraries. */
  readonly base?: string
}

/** Builds it where this program has not been put into an image yet. @returns the archive's path */
export async function programImage({ image, program, as, base }: ProgramImage): Promise<string> {
  mkdirSync(IMAGE_CACHE, { recursive: true })
  const hash = createHash('sha256')
    .update(`${image} on ${base}`)
    .update(readFileSync(program))
    .digest('hex')
    .slice(0, 16)
  const archive = join(IMAGE_CACHE, `program-${hash}.tar`)
  if (existsSync(archive)) return archive
  if (base !== undefined) await makeBaseImages()
  const container = await buildah('from', '--pull-never', base ?? 'scratch')
  await buildah('copy', '--quiet', container, program, as)
  await buildah('config', '--entrypoint', JSON.stringify([as]), '--user', '65535:65535', container)
  await buildah('commit', '--quiet', '--rm', container, image)
  await buildah('push', '--quiet', image, `docker-archive:${archive}.${process.pid}:${image}`)
  renameSync(`${archive}.${process.pid}`, archive)
  return archive
}
