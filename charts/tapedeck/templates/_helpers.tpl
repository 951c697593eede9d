{{- define "tapedeck.name" -}}
{{- if contains "tapedeck" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-tapedeck" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "tapedeck.selector" -}}
app.kubernetes.io/name: tapedeck-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of what is neither the operator nor selected with it. */}}
{{- define "tapedeck.commonLabels" -}}
app.kubernetes.io/part-of: tapedeck
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tapedeck.labels" -}}
app.kubernetes.io/name: tapedeck-operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "tapedeck.commonLabels" . }}
{{- end }}

{{/* Within the restricted Pod Security Standard. */}}
{{- define "tapedeck.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "tapedeck.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "tapedeck.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "tapedeck.name" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- define "tapedeck.reportService" -}}
{{ include "tapedeck.name" . }}-report
{{- end }}

{{- define "tapedeck.tlsSecret" -}}
{{- .Values.tls.existingSecret | default (printf "%s-report-tls" (include "tapedeck.name" .)) }}
{{- end }}

{{/* An image of (dict "image" … "version" …). */}}
{{- define "tapedeck.image" -}}
{{- if .image.digest }}{{ .image.repository }}@{{ .image.digest }}{{ else }}{{ .image.repository }}:{{ .image.tag | default .version }}{{ end }}
{{- end }}

{{/* What the operator reads: only what is set, for it takes nothing that it does not know. */}}
{{- define "tapedeck.config" -}}
{{- $recorder := dict
  "image" (include "tapedeck.image" (dict "image" .Values.recorder.image "version" .Chart.AppVersion))
  "imagePullPolicy" .Values.recorder.image.pullPolicy
  "scratchBytes" (int64 .Values.recorder.scratchBytes)
  "resources" .Values.recorder.resources
  "pages" .Values.recorder.pages }}
{{- range $key := list "imagePullSecrets" "nodeSelector" "tolerations" "priorityClassName" }}
{{- with index $.Values.recorder $key }}{{ $_ := set $recorder $key . }}{{ end }}
{{- end }}
{{- with .Values.networkPolicy.recorder }}
{{- if .enabled }}{{ $_ := set $recorder "network" (omit . "enabled") }}{{ end }}
{{- end }}
{{- $config := dict
  "reportInterval" .Values.reportInterval
  "progressInterval" .Values.progressInterval
  "reportService" (include "tapedeck.reportService" .)
  "lease" (include "tapedeck.name" .)
  "recorder" $recorder }}
{{- range $key := list "watchNamespaces" "defaultStorage" }}
{{- with index $.Values $key }}{{ $_ := set $config $key . }}{{ end }}
{{- end }}
{{- toJson $config }}
{{- end }}
