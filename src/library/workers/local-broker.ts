// A NATS server of one's own for the time of a run: on loopback, with a secret that only its children know. It ends with us,
// also when we are killed: a shell of a few lines holds its other end of a pipe to us, which closes with our last breath.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Fault } from '../../base/index.ts'

export interface LocalBroker {
  url: string
  /** Folder with the credentials. */
  credentials: string
  stop(): Promise<void>
}

const START_MS = 10_000

/** $0: the server, $1: its configuration. The end of its input ends the server, and the server's end ends the shell. */
const GUARD = `
exec 3<&0
"$0" --config "$1" 3<&- & server=$!
{ read -r _; kill -9 "$server"; } <&3 & watch=$!
wait "$server"
kill "$watch"
`

/**
 * @param folder a private one; removed by the caller
 * @throws Fault missing NatsServerNotFound, transient NatsServerFailed
 */
export async function startLocalBroker(folder: string, path: string): Promise<LocalBroker> {
  const program = await findProgram('nats-server', path)
  if (program === undefined) {
    throw new Fault({
      kind: 'missing',
      code: 'NatsServerNotFound',
      message:
        'cannot start workers: there is no nats-server on the PATH; install it (https://nats.io/download), or name a running one with --nats',
    })
  }
  const credentials = join(folder, 'credentials')
  await mkdir(credentials, { recursive: true, mode: 0o700 })
  const token = randomUUID()
  await writeFile(join(credentials, 'token'), token, { mode: 0o600 })
  const config = join(folder, 'nats.conf')
  await writeFile(
    config,
    `listen: "127.0.0.1:-1"\nports_file_dir: "${folder}"\nauthorization { token: "${token}" }\n`,
    { mode: 0o600 },
  )
  // apart from our group: Ctrl-C is ours to hear, and steps may still be told of
  const child = spawn('sh', ['-c', GUARD, program, config], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.once('error', () => {})
  try {
    const url = await urlOf(child, folder)
    return { url, credentials, stop: () => stopped(child) }
  } catch (thrown) {
    await stopped(child)
    throw thrown
  }
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    const candidate = join(folder, name)
    const isThere = await access(candidate).then(
      () => true,
      () => false,
    )
    if (isThere) return candidate
  }
  return undefined
}

/** The server writes where it listens into a file. */
async function urlOf(child: ChildProcess, folder: string): Promise<string> {
  const until = Date.now() + START_MS
  while (Date.now() < until && child.exitCode === null && child.pid !== undefined) {
    const file = (await readdir(folder)).find((name) => name.endsWith('.ports'))
    const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8')
    const url = /nats:\/\/[^"]+/.exec(text)?.[0]
    if (url !== undefined) return url
    await setTimeout(20)
  }
  throw new Fault({
    kind: 'transient',
    code: 'NatsServerFailed',
    message: 'cannot start workers: nats-server does not start; run it by itself to see why, and name it with --nats',
  })
}

/** The shell hears it. */
async function stopped(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.stdin?.destroy()
  await ended
}
