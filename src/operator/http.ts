// /healthz (the process lives), /readyz (its caches are filled), /metrics.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Endpoints {
  healthy: () => boolean
  ready: () => boolean
  metrics: () => Promise<string>
}

/** @returns the server and the port that it listens on */
export async function serve(
  port: number,
  host: string,
  endpoints: Endpoints,
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
      response.writeHead(status, { 'content-type': type }).end(body)
    }
    switch (request.url?.split('?')[0]) {
      case '/healthz':
        answer(endpoints.healthy() ? 200 : 500, endpoints.healthy() ? 'ok\n' : 'not healthy\n')
        return
      case '/readyz':
        answer(endpoints.ready() ? 200 : 503, endpoints.ready() ? 'ok\n' : 'not ready\n')
        return
      case '/metrics':
        endpoints.metrics().then(
          (text) => answer(200, text, 'text/plain; version=0.0.4; charset=utf-8'),
          (thrown) => answer(500, `cannot collect metrics: ${String(thrown)}\n`),
        )
        return
      default:
        answer(404, 'there is /healthz, /readyz and /metrics\n')
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return { server, port: (server.address() as AddressInfo).port }
}
