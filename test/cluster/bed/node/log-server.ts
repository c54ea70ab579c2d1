// The one thing of a kubelet's own API that people need: what a container has written, for `kubectl logs`. The API server asks for it
// here, by the port that the Node object names, and does not ask whose certificate it is.

import { createReadStream, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pause } from '../wait.ts'

/** What is known of a container's log. */
export interface ContainerLog {
  readonly file: string
  /** More may come. */
  readonly isOpen: boolean
}

/** Undefined where there is no such pod, or its container has not been started. */
export type FindLog = (pod: { namespace: string; name: string }, container: string) => ContainerLog | undefined

export class LogServer {
  readonly #server: Server
  readonly #find: FindLog

  constructor(tls: { cert: string; key: string }, find: FindLog) {
    this.#find = find
    this.#server = createServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://node')
    const [, what, namespace = '', name = '', container = ''] = url.pathname.split('/')
    const find = () => this.#find({ namespace, name }, container)
    const log = what === 'containerLogs' ? find() : undefined
    if (log === undefined) {
      response.writeHead(404).end(`container "${container}" in pod "${name}" is not available\n`)
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain' })
    let from = startOf(log.file, url.searchParams.get('tailLines'))
    from = await send(log.file, from, response)
    while (url.searchParams.get('follow') === 'true' && find()?.isOpen === true && !response.destroyed) {
      await pause(50)
      from = await send(log.file, from, response)
    }
    await send(log.file, from, response)
    response.end()
  }
}

/** Where the last lines begin. */
function startOf(file: string, tailLines: string | null): number {
  if (tailLines === null) return 0
  const content = readFileSync(file)
  let at = content.length
  for (let left = Number(tailLines); left > 0 && at > 0; left -= 1) at = content.lastIndexOf('\n', at - 2) + 1
  return at
}

/** Sends what has come since; gives where it ended. */
async function send(file: string, from: number, response: ServerResponse): Promise<number> {
  const { size } = statSync(file)
  if (size <= from) return from
  for await (const chunk of createReadStream(file, { start: from, end: size - 1 })) response.write(chunk)
  return size
}
