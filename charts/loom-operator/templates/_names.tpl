{{- define "loom-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "loom-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "loom-operator.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "loom-operator.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What never changes during a release's life. */}}
{{- define "loom-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "loom-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "loom-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "loom-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: loom
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "loom-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "loom-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name must be given where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "loom-operator.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The namespaces where steps may find their service account. */}}
{{- define "loom-operator.stepNamespaces" -}}
{{- default (list .Release.Namespace) .Values.watchNamespaces | uniq | join "," }}
{{- end }}

{{/* The chart's own NATS server. */}}
{{- define "loom-operator.nats.fullname" -}}
{{- printf "%s-nats" (include "loom-operator.fullname" . | trunc 58 | trimSuffix "-") }}
{{- end }}

{{- define "loom-operator.nats.selectorLabels" -}}
app.kubernetes.io/name: {{ include "loom-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: nats
{{- end }}

{{- define "loom-operator.nats.labels" -}}
{{ merge (include "loom-operator.nats.selectorLabels" . | fromYaml) (include "loom-operator.labels" . | fromYaml) | toYaml }}
{{- end }}

{{- define "loom-operator.nats.image" -}}
{{- with .Values.nats.image }}
{{- if .digest }}{{ printf "%s@%s" .repository .digest }}{{ else }}{{ printf "%s:%s" .repository .tag }}{{ end }}
{{- end }}
{{- end }}

{{- define "loom-operator.nats.url" -}}
{{- if .Values.nats.enabled }}
{{- if .Values.nats.url }}
{{- fail "nats.enabled brings a NATS server, so nats.url must be empty: use one of the two" }}
{{- end }}
{{- printf "nats://%s.%s.svc:%v" (include "loom-operator.nats.fullname" .) .Release.Namespace .Values.nats.port }}
{{- else }}
{{- .Values.nats.url }}
{{- end }}
{{- end }}

{{/* The Secret with the operator's credentials, if there is one. */}}
{{- define "loom-operator.nats.secret" -}}
{{- if .Values.nats.credentialsSecret }}
{{- .Values.nats.credentialsSecret }}
{{- else if .Values.nats.enabled }}
{{- include "loom-operator.nats.fullname" . }}
{{- end }}
{{- end }}

{{/* The namespaces whose workers may use the server. */}}
{{- define "loom-operator.nats.namespaces" -}}
{{- default .Values.watchNamespaces .Values.nats.namespaces | uniq | sortAlpha | join "," }}
{{- end }}

{{/* The variable of the server's environment with the password of a namespace's workers: its name can hold no dash. */}}
{{- define "loom-operator.nats.variable" -}}
{{- printf "WORKERS_%s" (. | upper | replace "-" "_") }}
{{- end }}
