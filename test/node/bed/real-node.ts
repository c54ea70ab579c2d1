// A real node beside a control plane: containerd, kubelet and kube-proxy, in the enclave (enclave.ts). Its pods are containers with
// an own network, limits that the kernel enforces, and images.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ControlPlane, type Kube, startControlPlane, until } from '../../cluster/bed/index.ts'
import { findNodeServers } from '../../cluster/bed/servers.ts'
import type { Supervised } from '../../cluster/bed/supervised.ts'
import { output } from './buildah.ts'
import { ClusterDns } from './cluster-dns.ts'
import { NODE_ADDRESS } from './enclave.ts'
import { type Files, kubeletFlags, NODE_NAME, proxyFlags, writeSettings } from './settings.ts'

type NodeCommands = Awaited<ReturnType<typeof findNodeServers>>
type NodeObject = Kube & { status?: { conditions?: { type: string; status: string; lastHeartbeatTime: string }[] } }

export class RealNode implements AsyncDisposable {
  readonly plane: ControlPlane
  readonly folder: string
  readonly #files: Files
  readonly #dns: ClusterDns
  readonly #commands: NodeCommands
  readonly #running = new Map<string, Supervised>()

  /** Starts a control plane with one node, which has the product's image. */
  static async start(): Promise<RealNode> {
    const cgroup = process.env['LOOM_TEST_CGROUP'] ?? ''
    if (cgroup === '') throw new Error('a real node lives in an enclave: run it by way of test/node/bed/enclave.ts')
    const plane = await startControlPlane({ address: NODE_ADDRESS })
    try {
      const node = new RealNode(plane, cgroup, await findNodeServers(), await ClusterDns.start(plane.api, NODE_ADDRESS))
      await node.#startContainerd()
      await Promise.all([node.#importImages(), node.startKubelet(), node.#startProxy()])
      await node.isReady()
      return node
    } catch (thrown) {
      await plane.stop()
      throw thrown
    }
  }

  private constructor(plane: ControlPlane, cgroup: string, commands: NodeCommands, dns: ClusterDns) {
    this.plane = plane
    this.folder = join(plane.folder, 'node')
    mkdirSync(this.folder)
    this.#commands = commands
    this.#dns = dns
    this.#files = writeSettings(this.folder, cgroup)
  }

  async startKubelet(): Promise<void> {
    const flags = kubeletFlags(this.folder, this.plane.nodes.kubeconfig, this.#files)
    await this.#spawn('kubelet', [...this.#commands.kubelet, ...flags])
  }

  /** Ends kubelet and containerd at once, without a word. What runs in containers goes on. */
  async stopKubeletAndContainerd(): Promise<void> {
    await this.#kill('kubelet')
    await this.#kill('containerd')
  }

  async startKubeletAndContainerd(): Promise<void> {
    const since = Date.now()
    await this.#startContainerd()
    await this.startKubelet()
    await this.isReady(since)
  }

  /** Has said that it is ready since the given time: what it said before it was stopped stays in its object for a while. */
  async isReady(since = 0): Promise<void> {
    const ready = async () => {
      // One that finds containerd not yet up gives up; an init system would start it again, too.
      if (this.#running.get('kubelet')?.ending !== undefined) await this.startKubelet()
      const node = await this.plane.api.find<NodeObject>(`/api/v1/nodes/${NODE_NAME}`)
      const found = node?.status?.conditions?.find(({ type }) => type === 'Ready')
      // Times of Kubernetes have no fraction.
      return found?.status === 'True' && Date.parse(found.lastHeartbeatTime) >= since - 1000
    }
    await until('the node is ready', ready, { seconds: 120, everyMs: 200, seen: () => this.#lastWords() })
  }

  /** The end of what one of its programs said. */
  log(name: 'containerd' | 'kubelet' | 'kube-proxy', lines = 30): string {
    return this.#log(name).split('\n').slice(-lines).join('\n')
  }

  #log(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dns.stop()
    for (const name of ['kubelet', 'kube-proxy', 'containerd']) await this.#kill(name)
    await this.plane.stop()
  }

  async #startContainerd(): Promise<void> {
    await this.#spawn('containerd', ['containerd', '--config', this.#files.containerd])
    await until('containerd answers', async () => (await this.#ctr('version')) !== '', { seconds: 60 })
  }

  async #startProxy(): Promise<void> {
    await this.#spawn('kube-proxy', [...this.#commands['kube-proxy'], ...proxyFlags(this.plane.nodes.kubeconfig)])
  }

  async #importImages(): Promise<void> {
    for (const name of ['LOOM_TEST_PAUSE_IMAGE', 'LOOM_TEST_NATS_IMAGE', 'LOOM_TEST_IMAGE'])
      await this.#ctr('--namespace', 'k8s.io', 'images', 'import', process.env[name] ?? '')
  }

  async #ctr(...args: readonly string[]): Promise<string> {
    return await output('ctr', ['--address', this.#files.socket, ...args])
  }

  async #spawn(name: string, command: readonly string[]): Promise<void> {
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.folder }
    const log = join(this.folder, `${name}.log`)
    this.#running.set(name, await this.plane.supervisor.spawn({ command, env, output: log }))
  }

  async #kill(name: string): Promise<void> {
    const running = this.#running.get(name)
    this.#running.delete(name)
    running?.signal('SIGKILL')
    await running?.ended
  }

  #lastWords(): string[] {
    return (['containerd', 'kubelet', 'kube-proxy'] as const).map((name) => `${name}:\n${this.log(name, 10)}`)
  }
}
