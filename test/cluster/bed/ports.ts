// Free ports for servers that must be told theirs. They lie below the range that the kernel gives to outgoing connections, so
// that nothing takes a server's port while it is down for a restart.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const LOWEST = 20_000
const HIGHEST = 32_000

export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(LOWEST, HIGHEST)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
