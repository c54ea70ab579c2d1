// What a container of a step or a worker gets when nobody says how much.

export const DEFAULT_RESOURCES = { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '1Gi' } }
