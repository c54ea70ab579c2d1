// The chart's README: a table of its values, made of values.yaml and the comments in it that begin with `# --`.
import { isMap, type Pair, parseDocument, Scalar, type YAMLMap } from 'yaml'

interface Value {
  path: string
  /** As JSON. */
  fallback: string
  meaning: string
}

/** @throws Error naming a value that nobody has explained */
export function chartValues(yaml: string): Value[] {
  const root = parseDocument(yaml).contents
  if (!isMap(root)) throw new Error('values.yaml holds no map')
  return valuesOf(root, '', '')
}

/** A map whose own key has a comment is one value; else its entries are. `inherited` is the comment before a map's first key. */
function valuesOf(map: YAMLMap, prefix: string, inherited: string): Value[] {
  return map.items.flatMap((pair, index) => {
    const key = String(pair.key instanceof Scalar ? pair.key.value : pair.key)
    const path = prefix === '' ? key : `${prefix}.${key}`
    const meaning = meaningOf(pair) || (index === 0 ? explanation(inherited) : '')
    if (meaning !== '') return [{ path, fallback: JSON.stringify(pair.value, null, 0), meaning }]
    if (isMap(pair.value)) return valuesOf(pair.value, path, pair.value.commentBefore ?? '')
    throw new Error(`values.yaml does not explain ${path}: put a comment that begins with "# --" above it`)
  })
}

function meaningOf({ key }: Pair): string {
  return key instanceof Scalar ? explanation(key.commentBefore ?? '') : ''
}

function explanation(comment: string): string {
  return comment
    .split('\n')
    .filter((line) => line.startsWith(' --'))
    .map((line) => line.slice(3).trim())
    .join(' ')
}

export function valuesPage(yaml: string): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const rows = chartValues(yaml).map(
    ({ path, fallback, meaning }) => `| \`${path}\` | \`${cell(fallback)}\` | ${cell(meaning)} |`,
  )
  return `<!-- Generated from values.yaml by \`make generate\`; do not edit. -->
# loom-operator: the chart

Installs the loom operator, its custom resource definitions and the roles for people who use them. How to install, upgrade and remove
it: [docs/install.md](../../docs/install.md).

\`\`\`sh
helm install loom-operator charts/loom-operator --namespace loom-system --create-namespace
\`\`\`

## Values

A value that is unknown, or of the wrong type, is refused (\`values.schema.json\`).

| value | default | meaning |
|---|---|---|
${rows.join('\n')}

## A NATS server

[Worker pools](../../docs/concepts/worker-pools.md) need one. \`nats.enabled\` brings one with the chart; \`nats.url\` names one that is
there: [docs/install.md](../../docs/install.md#worker-pools).
`
}
