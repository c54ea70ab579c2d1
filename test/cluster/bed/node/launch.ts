// Starts one container's command as a process of this machine, in namespaces of its own (contain.sh), and tells how it ended.

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Ending, Supervised, Supervisor } from '../supervised.ts'
import { pause } from '../wait.ts'
import type { Environment } from './environment.ts'

export interface Bind {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

export interface Launch {
  /** Unique on this machine. */
  readonly id: string
  /** Folder of this container, for its logs and its termination message. */
  readonly folder: string
  readonly command: readonly string[]
  readonly env: Environment
  readonly workingDir: string
  readonly binds: readonly Bind[]
  readonly readOnlyRoot: boolean
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] }
  /** Even as root only what a container runtime leaves by default, or nothing. */
  readonly capabilities: 'default' | 'none'
  readonly terminationMessagePath: string
}

export interface Launched {
  readonly process: Supervised
  readonly logFile: string
  readonly messageFile: string
  /** Resolves when the command itself runs, or has ended. */
  readonly started: Promise<void>
  readonly ended: Promise<Ended>
}

/** `startError` says why the command did not even begin. */
export interface Ended {
  readonly exitCode: number
  readonly startError?: string
}

const SCRIPT = join(import.meta.dirname, 'contain.sh')
const DEFAULT_CAPABILITIES =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap'
const TOOLS_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export async function launch(supervisor: Supervisor, options: Launch): Promise<Launched> {
  const { id, folder } = options
  const scratch = join(folder, 'scratch')
  const logFile = join(folder, 'log')
  const messageFile = join(folder, 'termination-message')
  mkdirSync(scratch, { recursive: true })
  writeFileSync(logFile, '')
  writeFileSync(messageFile, '')
  chmodSync(messageFile, 0o666)
  const message: Bind = { source: messageFile, target: options.terminationMessagePath, readOnly: false }
  const command = containCommand({ ...options, binds: [...options.binds, message] }, { scratch, logFile })
  const errorFile = join(folder, 'launch-errors')
  const process = await supervisor.spawn({ command, env: { PATH: TOOLS_PATH }, output: errorFile })
  const ended = process.ended.then((ending) => endedOf(ending, { scratch, logFile, errorFile }))
  return { process, logFile, messageFile, started: commandRuns(process, marker(id)), ended }
}

function containCommand(options: Launch, { scratch, logFile }: Pick<Files, 'scratch' | 'logFile'>): readonly string[] {
  const { user, binds, readOnlyRoot, env } = options
  const capabilities = options.capabilities === 'none' ? '-all' : DEFAULT_CAPABILITIES
  const asWhom = [`${user.uid}:${user.gid}`, user.groups.join(',') || '-', capabilities]
  // Shorter paths first: a volume may lie in another one.
  const ordered = binds.toSorted((one, other) => one.target.length - other.target.length)
  return [
    'unshare',
    ...['--mount', '--pid', '--fork', '--kill-child=SIGKILL', 'sh', SCRIPT],
    ...[marker(options.id), scratch, logFile, readOnlyRoot ? 'ro' : 'rw', ...asWhom],
    ...ordered.flatMap(({ source, target, readOnly }) => [source, target, readOnly ? 'ro' : 'rw']),
    ...['--', options.workingDir],
    ...[...env].map(([name, value]) => `${name}=${value}`),
    ...options.command,
  ]
}

function marker(id: string): string {
  return `CONTAINER_${id.replaceAll('-', '_')}`
}

/** Everything on the way to the command has the marker among its arguments. */
async function commandRuns(process: Supervised, mark: string): Promise<void> {
  while (process.ending === undefined) {
    const line = commandLineOfChild(process.pid)
    if (line !== '' && !line.includes(mark)) return
    await pause(5)
  }
}

function commandLineOfChild(pid: number): string {
  try {
    const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return child === '' ? '' : readFileSync(`/proc/${child}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

interface Files {
  readonly scratch: string
  readonly logFile: string
  readonly errorFile: string
}

function endedOf({ code, signal }: Ending, { scratch, logFile, errorFile }: Files): Ended {
  if (signal !== null) return { exitCode: 128 + constants.signals[signal] }
  const exitCode = code ?? 0
  const complaint = readFileSync(errorFile, 'utf8').trim()
  if (!existsSync(`${scratch}.ready`)) return { exitCode: 128, startError: notStarted(complaint) }
  // unshare wants to end by the signal that its child ended by, and fails at that where it was SIGKILL (util-linux before 2.40).
  if (exitCode === 1 && /^unshare: sig.* failed: Invalid argument$/.test(complaint))
    return { exitCode: 128 + constants.signals.SIGKILL }
  if (exitCode !== 126 && exitCode !== 127) return { exitCode }
  // `env`, the last one before the command, ends with these codes and one line when it can not start it.
  const [, file, why] = /^env: ['‘](.*)['’]: (.*)$/.exec(readFileSync(logFile, 'utf8').trim()) ?? []
  if (file === undefined || why === undefined) return { exitCode }
  const isUnknown = why === 'No such file or directory' && !file.includes('/')
  const reason = isUnknown ? 'executable file not found in $PATH' : why.toLowerCase()
  return { exitCode: 128, startError: notStarted(`exec: "${file}": ${reason}`) }
}

function notStarted(why: string): string {
  return `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${why}: unknown`
}
