// Where steps wait until the test lets them go on: they knock, and say from which pod.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { until } from '../../cluster/bed/index.ts'

export class Gate {
  readonly #server: Server
  readonly #knocks: { step: string; pod: string }[] = []
  readonly #open = new Set<string>()

  /** @param host the address of this machine that pods reach */
  static async start(host: string): Promise<Gate> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, host, resolve))
    return new Gate(server)
  }

  private constructor(server: Server) {
    this.#server = server
    server.on('request', ({ url = '' }, answer) => {
      const [, step = '', pod = ''] = url.split('/')
      this.#knocks.push({ step, pod })
      answer.writeHead(this.#open.has(step) ? 200 : 503).end()
    })
  }

  /** A step that ends once it is let go on, with one row. */
  step(name: string): Record<string, unknown> {
    const { address, port } = this.#server.address() as AddressInfo
    return {
      name,
      code: {
        inline: `import { hostname } from 'node:os'
export default async function* () {
  while (!(await fetch('http://${address}:${port}/${name}/' + hostname())).ok)
    await new Promise((resolve) => setTimeout(resolve, 100))
  yield { a: 1 }
}`,
      },
      target: { table: { ref: `out.${name}`, append: {} } },
    }
  }

  /** Waits until the step has knocked from a pod other than these. @returns the pod's name */
  async knock(step: string, except: readonly string[] = []): Promise<string> {
    const found = () => this.#knocks.find((knock) => knock.step === step && !except.includes(knock.pod))
    return (await until(`step ${step} is at work`, found, { seconds: 120 })).pod
  }

  open(...steps: readonly string[]): void {
    for (const step of steps) this.#open.add(step)
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
