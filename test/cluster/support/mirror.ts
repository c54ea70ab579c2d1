// The operator's reflector on the writer's objects, behind a fault proxy of its own, and all that it was told.
import { connect, KubeClient, type KubeObject, Reflector } from '../../../src/effects/index.ts'
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from '../bed/fault-proxy.ts'
import { type ControlPlane, until } from '../bed/index.ts'
import { type Picture, pictureOf, WRITTEN, type Writer } from './writer.ts'

export class Mirror implements AsyncDisposable {
  readonly proxy: FaultProxy
  /** `uid version` of everything it was told. */
  readonly told = new Set<string>()
  readonly toldDeleted = new Set<string>()
  readonly troubles: string[] = []
  readonly reflector: Reflector<KubeObject>
  readonly #stop = new AbortController()
  readonly #close: () => Promise<void>

  static async start(plane: ControlPlane, options: FaultProxyOptions = {}): Promise<Mirror> {
    const mirror = new Mirror(await startFaultProxy(plane, options))
    await mirror.reflector.synced
    return mirror
  }

  private constructor(proxy: FaultProxy) {
    this.proxy = proxy
    const connection = connect({ kubeconfig: proxy.kubeconfig(), headersTimeoutMs: 1_000 })
    this.reflector = new Reflector({
      client: new KubeClient(connection),
      resource: 'ConfigMap',
      namespace: 'default',
      labelSelector: WRITTEN,
      keep: (object) => ({ metadata: object.metadata }),
      onChange: ({ before, after }) => {
        if (after !== undefined) this.told.add(`${after.metadata.uid} ${after.metadata.resourceVersion}`)
        else if (before?.metadata.uid !== undefined) this.toldDeleted.add(before.metadata.uid)
      },
      onTrouble: ({ code }) => this.troubles.push(code),
      pageSize: 20,
      idleMs: 1_500,
      minWaitMs: 20,
      maxWaitMs: 500,
      random: Math.random,
    })
    const running = this.reflector.run(this.#stop.signal)
    this.#close = async () => {
      this.#stop.abort()
      await running
      await connection.close()
      await proxy.stop()
    }
  }

  get picture(): Picture {
    return pictureOf(this.reflector.objects.values())
  }

  /** Waits until it shows what the API server has; the writer must stand still. */
  async shows(writer: Writer): Promise<void> {
    const truth = JSON.stringify(await writer.truth())
    await until('the reflector shows what the API server has', () => JSON.stringify(this.picture) === truth, {
      seconds: 30,
      everyMs: 20,
      seen: () => ({ troubles: this.troubles.slice(-5), health: this.reflector.health, truth, picture: this.picture }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }
}
