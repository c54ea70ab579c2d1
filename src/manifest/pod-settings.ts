// How step pods look on Kubernetes. A storage says what its runs may use; a run may only set what its storage allows.
import { z } from 'zod'

/** Objects of Kubernetes' own types are passed on as they are; the API server checks them when the Job is made. */
const kubernetesObject = (what: string) =>
  z.looseObject({}).meta({ description: what, 'x-kubernetes-preserve-unknown-fields': true })

const namedObject = (what: string) =>
  z
    .looseObject({ name: z.string().min(1).max(253).describe('Name.') })
    .meta({ description: what, 'x-kubernetes-preserve-unknown-fields': true })
const mountObject = z
  .looseObject({
    name: z.string().min(1).max(253).describe('Name of the volume.'),
    mountPath: z.string().min(1).max(1024).describe('Where it is mounted.'),
  })
  .meta({ description: 'A mount (core/v1).', 'x-kubernetes-preserve-unknown-fields': true })

const quantities = z.record(z.string().max(63), z.union([z.string().max(32), z.number()]))
const stringMap = (what: string) => z.record(z.string().max(317), z.string().max(4096)).describe(what)

/** CPU and memory of a container. */
export const podResources = (what: string) =>
  z
    .strictObject({
      requests: quantities.optional().meta({
        description: 'Requests, like {cpu: 500m, memory: 1Gi}.',
        'x-kubernetes-preserve-unknown-fields': true,
      }),
      limits: quantities.optional().meta({
        description: 'Limits. The engine gets about 55 % of the memory.',
        'x-kubernetes-preserve-unknown-fields': true,
      }),
    })
    .describe(what)

const settings = {
  image: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe('Image of the step; a run may choose only among the allowed ones.'),
  resources: podResources('CPU and memory of a step.').optional(),
  nodeSelector: stringMap('Labels that a node must have.').optional(),
  tolerations: z.array(kubernetesObject('A toleration (core/v1).')).max(50).optional().describe('Tolerations.'),
  affinity: kubernetesObject('Affinity (core/v1).').optional(),
  priorityClassName: z.string().max(253).optional().describe('Priority class.'),
  labels: stringMap('Labels of the pods.').optional(),
  annotations: stringMap('Annotations of the pods.').optional(),
}

export const POD_SETTINGS = [
  'image',
  'resources',
  'nodeSelector',
  'tolerations',
  'affinity',
  'priorityClassName',
  'labels',
  'annotations',
] as const

export const podSettingsSchema = z
  .strictObject(settings)
  .describe("Settings of the run's pods; the storage must allow each of them.")

export const storagePodsSchema = z
  .strictObject({
    ...settings,
    serviceAccountName: z
      .string()
      .max(253)
      .optional()
      .describe("Service account of step pods. Default: the namespace's default; no token is mounted in any case."),
    volumes: z.array(namedObject('A volume (core/v1).')).max(20).optional().describe('Volumes of step pods.'),
    volumeMounts: z.array(mountObject).max(20).optional().describe('Where the volumes are mounted.'),
    imagePullSecrets: z
      .array(z.strictObject({ name: z.string().max(253).describe('Secret.') }).describe('A pull secret.'))
      .max(10)
      .optional()
      .describe('Secrets for pulling images.'),
    allowedImages: z
      .array(z.string().min(1).max(512))
      .max(100)
      .optional()
      .describe('Images that runs may choose; * stands for anything.'),
    allowCode: z.boolean().optional().describe('Runs may have code steps. Default false.'),
    allow: z
      .array(z.enum(POD_SETTINGS))
      .max(20)
      .optional()
      .describe('Settings that runs may make themselves. Default none.'),
  })
  .describe('How the pods of runs look, and what runs may change.')

export type PodSettings = z.infer<typeof podSettingsSchema>
export type StoragePods = z.infer<typeof storagePodsSchema>
