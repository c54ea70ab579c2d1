{{/* What each user may say and hear: the operator serves the requests of all namespaces, workers speak and listen in their own.
Passwords come from the environment. */}}
{{- define "loom-operator.nats.conf" -}}
{{- $prefix := .Values.nats.prefix -}}
port: {{ .Values.nats.port }}
monitor_port: 8222
authorization {
  timeout: 5
  users: [
    {
      user: $OPERATOR_NAME
      password: $OPERATOR_PASSWORD
      permissions: {
        subscribe: ["{{ $prefix }}.*.*.ready", "{{ $prefix }}.*.*.heartbeat", "{{ $prefix }}.*.*.outcome"]
        publish: ["{{ $prefix }}.*.*.worker.*", "_INBOX.{{ $prefix }}.>"]
      }
    }
    {{- range (include "loom-operator.nats.namespaces" . | splitList ",") }}
    {{- if . }}
    {
      user: "workers.{{ . }}"
      password: ${{ include "loom-operator.nats.variable" . }}
      permissions: {
        publish: ["{{ $prefix }}.{{ . }}.>"]
        subscribe: ["{{ $prefix }}.{{ . }}.*.worker.>", "_INBOX.{{ $prefix }}.{{ . }}.>"]
      }
    }
    {{- end }}
    {{- end }}
  ]
}
{{- end }}
