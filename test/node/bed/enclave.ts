// Runs a program where a real node can live: everything that must be downloaded or built is there first, then come namespaces of its
// own for network, mounts and processes, in which there is nothing but the machine's files.
//
//   node test/node/bed/enclave.ts PROGRAM ARGUMENTS…
//
// N1 Nothing is left behind: processes, mounts and devices go with the namespaces, however it ends; files and control groups are
//    removed here (not after kill -9, which leaves them empty).
// N2 The network reaches nothing outside.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findHelm } from '../../chart/bed/helm.ts'
import { findNodeServers, findServers } from '../../cluster/bed/servers.ts'
import { until } from '../../cluster/bed/wait.ts'
import { findVersitygw } from '../../s3/bed/versitygw.ts'
import { REPOSITORY } from './buildah.ts'
import { productImage } from './images.ts'
import { findKubectl } from './kubectl.ts'
import { pauseImage } from './pause-image.ts'
import { natsImage } from './program-image.ts'

/** The node's address inside. */
export const NODE_ADDRESS = '10.200.0.1'
const CGROUPS = '/sys/fs/cgroup'

/** As enclave.sh: what lies there is not seen inside. */
const HIDDEN = ['/run', '/var/lib', '/var/log']

/** @returns the program's exit code */
async function run(program: readonly string[]): Promise<number> {
  for (const folder of [REPOSITORY, tmpdir()])
    if (HIDDEN.some((hidden) => folder.startsWith(`${hidden}/`)))
      throw new Error(
        `cannot start a node from "${folder}": it would not be seen in there; clone to (or set TMPDIR to) another folder`,
      )
  const began = Date.now()
  await findServers()
  await findNodeServers()
  const env = {
    ...process.env,
    HELM: await findHelm(),
    KUBECTL: await findKubectl(),
    LOOM_TEST_IMAGE: await productImage(),
    LOOM_TEST_PAUSE_IMAGE: await pauseImage(),
    LOOM_TEST_NATS_IMAGE: await natsImage(),
    VERSITYGW: await findVersitygw(),
    LOOM_TEST_CGROUP: `/loom-node-${process.pid}`,
    TMPDIR: mkdtempSync(join(tmpdir(), 'loom-node-')),
  }
  process.stderr.write(
    `Servers, Helm, kubectl, an S3 server and images are built or found: ${Math.round((Date.now() - began) / 1000)} s.\n`,
  )
  makeCgroups(env.LOOM_TEST_CGROUP)
  try {
    const enclave = ['bash', join(import.meta.dirname, 'enclave.sh'), NODE_ADDRESS, ...program]
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    const child = spawn('unshare', [...namespaces, '--', ...enclave], { env, stdio: 'inherit' })
    // It hears Ctrl-C by itself, and the namespaces must be gone before the rest is removed.
    process.on('SIGINT', () => undefined)
    process.on('SIGTERM', () => child.kill('SIGKILL'))
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code ?? 1))
    })
  } finally {
    await removeCgroups(env.LOOM_TEST_CGROUP)
    rmSync(env.TMPDIR, { recursive: true, force: true })
  }
}

/** Version 2 has one tree, version 1 one for each controller. */
function hierarchies(): string[] {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [CGROUPS]
  return readdirSync(CGROUPS).map((name) => join(CGROUPS, name))
}

/** The node's pods are all below it, apart from whatever else the machine runs. */
function makeCgroups(name: string): void {
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, name), { recursive: true })
}

/** What was killed may take a moment to go, and a group with a process in it can't be removed. */
async function removeCgroups(name: string): Promise<void> {
  const remove = () => {
    for (const hierarchy of hierarchies()) removeCgroup(join(hierarchy, name))
    return true
  }
  await until('the control groups are empty', remove, { seconds: 30 })
}

/** From below: a group that has groups can't be removed. The files in it are the kernel's. */
function removeCgroup(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name))
  rmdirSync(folder)
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2))
