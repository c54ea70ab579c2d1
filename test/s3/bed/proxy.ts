// Stands between a client and an S3 server: counts what goes through, and does to single requests what networks and busy stores do.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

export type Mishap =
  /** The store says 503 SlowDown, and does nothing. */
  | 'slowDown'
  /** The connection is cut before the store hears of it. */
  | 'reset'
  /** Nothing is ever answered. */
  | 'hang'
  /** The store does it, and the connection is cut before it says so. */
  | 'loseReply'

export interface Exchange {
  method: string
  /** Path and query. */
  url: string
  range: string | undefined
  /** Bytes of the answer's body that went through. */
  bytes: number
}

export interface FaultProxy {
  endpoint: string
  exchanges: Exchange[]
  /** Asked for every request; undefined lets it through. It waits for as long as the answer takes. */
  mishap: (exchange: Exchange) => Mishap | undefined | Promise<Mishap | undefined>
  stop(): Promise<void>
}

const SLOW_DOWN =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'

export async function startProxy(target: string): Promise<FaultProxy> {
  const exchanges: Exchange[] = []
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    const exchange = { method, url, range: headers.range, bytes: 0 }
    exchanges.push(exchange)
    const mishap = await proxy.mishap(exchange)
    if (mishap === 'hang') return
    if (mishap === 'reset') incoming.socket.destroy()
    else if (mishap === 'slowDown') {
      incoming.resume()
      outgoing.writeHead(503, { 'content-type': 'application/xml', connection: 'close' }).end(SLOW_DOWN)
    } else passOn(target, { incoming, outgoing, exchange, loses: mishap === 'loseReply' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the proxy has no port')
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${address.port}`,
    exchanges,
    mishap: () => undefined,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

interface Passage {
  incoming: IncomingMessage
  outgoing: ServerResponse
  exchange: Exchange
  loses: boolean
}

/** The Host header stays as it is: it is signed. */
function passOn(target: string, { incoming, outgoing, exchange, loses }: Passage): void {
  const { method, url, headers } = incoming
  // without either, Node would send the body in chunks, which were not signed
  if (headers['transfer-encoding'] === undefined) headers['content-length'] ??= '0'
  const onward = request(new URL(url ?? '/', target), { method, headers, path: url, agent: false }, (answer) => {
    if (loses) {
      answer.resume().on('end', () => incoming.socket.destroy())
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('data', (chunk: Buffer) => {
      exchange.bytes += chunk.length
    })
    answer.pipe(outgoing)
  })
  onward.on('error', () => incoming.socket.destroy())
  incoming.on('aborted', () => onward.destroy())
  incoming.pipe(onward)
}
