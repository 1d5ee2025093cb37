{{- define "opengse.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "opengse.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "opengse.labels" -}}
{{ include "opengse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "opengse.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "opengse.name" .) -}}
{{- end -}}

{{- define "opengse.agentSpace" -}}
{{- .Values.agents.namespace | default .Release.Namespace -}}
{{- end -}}

{{- define "opengse.metricsSecret" -}}
{{- .Values.metrics.existingSecret | default (printf "%s-metrics" (include "opengse.name" .)) -}}
{{- end -}}

{{- define "opengse.httpScheme" -}}
{{- if .Values.http.tlsSecret -}}HTTPS{{- else -}}HTTP{{- end -}}
{{- end -}}
