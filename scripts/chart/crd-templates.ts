// The custom resource definitions as templates of the chart: so that `helm upgrade` upgrades them, which it does not do with what
// lies in a chart's crds/ folder, and so that they can be left out and be kept.
import { renderCrds } from '../../src/manifest/index.ts'
import type { GeneratedFile } from '../generated-file.ts'

export function crdTemplates(folder: string): GeneratedFile[] {
  return renderCrds().map(({ name, yaml }) => ({ path: `${folder}/templates/crds/${name}.yaml`, text: template(yaml) }))
}

/** @throws Error when the definition's head has another form than is replaced here */
function template(yaml: string): string {
  const [comment = '', ...lines] = yaml.split('\n')
  const at = lines.findIndex((line) => /^metadata: \{name: [a-z.]+\}$/.test(line))
  const name = /\{name: (.*)\}/.exec(lines[at] ?? '')?.[1]
  if (name === undefined) throw new Error('a CRD has no line "metadata: {name: …}"')
  const metadata = [
    'metadata:',
    `  name: ${name}`,
    '  labels: {{- include "loom-operator.labels" . | nindent 4 }}',
    '  {{- if .Values.crds.keep }}',
    '  annotations:',
    '    helm.sh/resource-policy: keep',
    '  {{- end }}',
  ]
  const body = [...lines.slice(0, at), ...metadata, ...lines.slice(at + 1)]
  if (lines.join('').includes('{{'))
    throw new Error(`the definition ${name} has braces that Helm would take for its own`)
  return `${[comment, '{{- if .Values.crds.install }}', ...body].join('\n').trimEnd()}\n{{- end }}\n`
}
