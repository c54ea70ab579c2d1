// A real S3 server with a bucket, for one test file.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findVersitygw } from './versitygw.ts'

/** Of the server's only user. Both texts are looked for where they must not be. */
export const KEYS = { AWS_ACCESS_KEY_ID: 'LOOMTESTKEYID', AWS_SECRET_ACCESS_KEY: 'loom-test-secret-xyzzy' } as const

export const BUCKET = 'lake'

export interface S3Server {
  endpoint: string
  /** The folder behind the bucket: an object is a file in it. */
  bucketFolder: string
  stop(): Promise<void>
}

/** @param host the address of this machine where it listens */
export async function startS3Server(host = '127.0.0.1'): Promise<S3Server> {
  const root = await mkdtemp(join(tmpdir(), 'loom-s3-'))
  // a folder in the root is a bucket
  const bucketFolder = join(root, 'data', BUCKET)
  await mkdir(bucketFolder, { recursive: true })
  await mkdir(join(root, 'data', 'other'), { recursive: true })
  const port = await freePort(host)
  const child = spawn(await findVersitygw(), ['--port', `${host}:${port}`, '--quiet', 'posix', join(root, 'data')], {
    env: { ...process.env, ROOT_ACCESS_KEY: KEYS.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: KEYS.AWS_SECRET_ACCESS_KEY },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const endpoint = `http://${host}:${port}`
  await answers(endpoint, child)
  return {
    endpoint,
    bucketFolder,
    async stop() {
      await ended(child)
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}

async function answers(endpoint: string, child: ChildProcess): Promise<void> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const deadline = Date.now() + 30_000
  for (;;) {
    const answer = await fetch(endpoint).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) return
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`versitygw does not start: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function freePort(host: string): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new TypeError('the system gave no port')
  return address.port
}
