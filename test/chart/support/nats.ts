// A nats-server of this machine with the settings that the chart renders for the one in a pod.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNatsServer } from '../../cluster/bed/nats-server.ts'
import { freePorts } from '../../cluster/bed/ports.ts'
import { Supervisor } from '../../cluster/bed/supervised.ts'
import { until } from '../../cluster/bed/wait.ts'

export interface NatsProgram {
  readonly url: string
  stop(): Promise<void>
}

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: { readonly key: string } }
}

/** What a kubelet makes of a container's variables, with the values of the Secret. */
export function environmentOf(variables: readonly Variable[], secret: Record<string, string>): Record<string, string> {
  const env: Record<string, string> = {}
  for (const { name, value = '', valueFrom } of variables)
    env[name] =
      valueFrom === undefined
        ? value.replaceAll(/\$\((\w+)\)/g, (_, other: string) => env[other] ?? '')
        : (secret[valueFrom.secretKeyRef.key] ?? '')
  return env
}

/** A folder like a mounted Secret with credentials. */
export function secretOf(folder: string, { name, password }: { name: string; password: string }): string {
  const path = mkdtempSync(join(folder, 'secret-'))
  writeFileSync(join(path, 'username'), name)
  writeFileSync(join(path, 'password'), password)
  return path
}

/** On free ports of loopback instead of those in the settings; the rest of them is as it was rendered. */
export async function startRendered(conf: string, env: Record<string, string>): Promise<NatsProgram> {
  const [program, supervisor, [port = 0, monitor = 0]] = await Promise.all([
    findNatsServer(),
    Supervisor.start(),
    freePorts(2),
  ])
  const folder = mkdtempSync(join(tmpdir(), 'loom-chart-nats-'))
  supervisor.ownFolder(folder)
  const file = join(folder, 'nats.conf')
  const here = conf.replace(/^port: \d+$/m, `port: ${port}`).replace(/^monitor_port: \d+$/m, `monitor_port: ${monitor}`)
  writeFileSync(file, `host: 127.0.0.1\n${here}`)
  await supervisor.spawn({ command: [program, '--config', file], env, output: join(folder, 'log') })
  const healthy = async () => (await fetch(`http://127.0.0.1:${monitor}/healthz`).catch(() => undefined))?.ok === true
  await until('the NATS server is well', healthy, { seconds: 60 })
  return {
    url: `nats://127.0.0.1:${port}`,
    async stop() {
      await supervisor.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
