// Amounts as Kubernetes writes them: 500m, 1Gi, 2e3, 1.5.

const POWERS_OF_TWO = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const FACTORS: Record<string, number> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  ...Object.fromEntries(POWERS_OF_TWO.map((suffix, i) => [suffix, 1024 ** (i + 1)])),
}

/** undefined: no amount. */
export function amountOf(quantity: unknown): number | undefined {
  if (typeof quantity === 'number') return quantity
  if (typeof quantity !== 'string') return undefined
  const match = /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)$/.exec(quantity)
  const factor = FACTORS[match?.[2] ?? '']
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor
}
