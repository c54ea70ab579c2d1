import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { startWorkers } from '../../src/library/index.ts'

/** Of nobody: it was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a broker that is not there is told at the start, instead of a run that waits for it', async () => {
  const nats = `nats://127.0.0.1:${await closedPort()}`
  const warnings: string[] = []
  const starting = startWorkers({ count: 1, nats, path: '', warn: (message) => warnings.push(message) })
  await assert.rejects(starting, {
    code: 'BrokerUnreachable',
    message: `cannot start workers: the broker at ${nats} is not reached: connection refused; start a NATS server there, or leave --nats out`,
  })
  assert.deepEqual(warnings, [])
})
