// The cluster's DNS, as far as pods need it: the addresses of services (`NAME.NAMESPACE.svc.cluster.local`), and "there is no such
// name" for the rest of the world.
import { createSocket, type Socket } from 'node:dgram'
import type { Api, Kube } from '../../cluster/bed/index.ts'

const HEADER = 12
const TYPE_A = 1
const NO_SUCH_NAME = 3

interface Question {
  readonly name: string
  readonly type: number
  /** Offset after it. */
  readonly end: number
}

export class ClusterDns {
  readonly #socket: Socket
  readonly #api: Api

  static async start(api: Api, address: string): Promise<ClusterDns> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(53, address, resolve)
    })
    return new ClusterDns(socket, api)
  }

  private constructor(socket: Socket, api: Api) {
    this.#socket = socket
    this.#api = api
    socket.on('message', (message, from) => {
      void this.#answer(message).then((answer) => socket.send(answer, from.port, from.address))
    })
  }

  stop(): void {
    this.#socket.close()
  }

  async #answer(message: Buffer): Promise<Buffer> {
    const question = questionOf(message)
    const address = await this.#addressOf(question.name)
    const header = Buffer.from(message.subarray(0, HEADER))
    header.writeUInt16BE(0x8580 | (address === undefined ? NO_SUCH_NAME : 0), 2)
    const has = address !== undefined && question.type === TYPE_A
    for (const [offset, count] of [
      [4, 1],
      [6, has ? 1 : 0],
      [8, 0],
      [10, 0],
    ] as const)
      header.writeUInt16BE(count, offset)
    const asked = message.subarray(HEADER, question.end)
    return Buffer.concat(has ? [header, asked, record(address)] : [header, asked])
  }

  /** Undefined where the API server knows no such service, or can't be asked. */
  async #addressOf(name: string): Promise<string | undefined> {
    const [, service, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(name.toLowerCase()) ?? []
    if (service === undefined) return undefined
    const path = `/api/v1/namespaces/${namespace}/services/${service}`
    const found = await this.#api.find<Kube & { spec: { clusterIP: string } }>(path).catch(() => undefined)
    return found?.spec.clusterIP
  }
}

function questionOf(message: Buffer): Question {
  const labels: string[] = []
  let at = HEADER
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1), end: at + 5 }
}

/** The name of the question, type A, class IN, five seconds, four bytes. */
function record(address: string): Buffer {
  return Buffer.from([0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)])
}
