{{/* Generated from src/operator/rbac.ts by `make generate`; do not edit. */}}

{{- define "loom-operator.rules" -}}
- apiGroups: [loom.etl]
  resources: [etlruns]
  verbs: [get, list, watch, patch, delete]
- apiGroups: [loom.etl]
  resources: [etlruns/status, etlworkerpools/status]
  verbs: [patch]
- apiGroups: [loom.etl]
  resources: [etlpipelines, etlstorages, etlworkerpools]
  verbs: [list, watch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, update, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create]
- apiGroups: [loom.etl]
  resources: [etlruns/finalizers, etlworkerpools/finalizers]
  verbs: [update]
{{- end }}

{{- define "loom-operator.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
{{- end }}

{{- define "loom-operator.rulesOf.viewer" -}}
- apiGroups: [loom.etl]
  resources: [etlpipelines, etlruns, etlstorages, etlworkerpools, etlpipelines/status, etlruns/status, etlstorages/status, etlworkerpools/status]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end }}

{{- define "loom-operator.rulesOf.editor" -}}
- apiGroups: [loom.etl]
  resources: [etlpipelines, etlruns, etlstorages, etlworkerpools, etlpipelines/status, etlruns/status, etlstorages/status, etlworkerpools/status]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [loom.etl]
  resources: [etlpipelines, etlruns]
  verbs: [create, update, patch, delete, deletecollection]
{{- end }}

{{- define "loom-operator.rulesOf.storage-admin" -}}
- apiGroups: [loom.etl]
  resources: [etlpipelines, etlruns, etlstorages, etlworkerpools, etlpipelines/status, etlruns/status, etlstorages/status, etlworkerpools/status]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [loom.etl]
  resources: [etlstorages, etlworkerpools]
  verbs: [create, update, patch, delete, deletecollection]
{{- end }}
