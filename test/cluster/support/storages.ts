// Storages whose tables, reports and temps lie in a folder of the host.
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from './cluster.ts'

type Pods = Record<string, unknown>

const LAKE = '/lake'

/** A folder that the pods' user may write to. */
export function makeLake(bed: string, name: string): string {
  const lake = join(bed, name)
  mkdirSync(join(lake, 'tables'), { recursive: true })
  for (const folder of [lake, join(lake, 'tables')]) chmodSync(folder, 0o777)
  return lake
}

/** The storage `default`: its lake is seen by pods at `mount`, its files are those of the flights example. */
export function storageIn(lake: string, pods: Pods = {}, mount = LAKE): Manifest {
  return {
    kind: 'ETLStorage',
    metadata: { name: 'default' },
    spec: {
      defaults: {
        tablePath: { uri: `${mount}/tables` },
        filePath: { uri: '/app/examples/flights' },
        modulePath: { uri: '/app/examples/flights' },
      },
      temp: { root: `${mount}/temp` },
      files: [{ name: 'carrier-report', path: { uri: `${mount}/reports/carriers.csv` } }],
      pods: {
        allowCode: true,
        resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
        volumes: [hostFolder(lake)],
        volumeMounts: [{ name: 'lake', mountPath: mount }],
        ...pods,
      },
    },
  }
}

/** Settings of pods with one more volume beside the lake, mounted where its name says. */
export const withVolume = (lake: string, volume: { name: string; [source: string]: unknown }): Pods => ({
  volumes: [hostFolder(lake), volume],
  volumeMounts: [
    { name: 'lake', mountPath: LAKE },
    { name: volume.name, mountPath: `/${volume.name}` },
  ],
})

export const hostFolder = (path: string) => ({ name: 'lake', hostPath: { path } })
