{{- define "opengse.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "opengse.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
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

{{- /* (list UNDER OVER): lays OVER on UNDER, in place. Not mergeOverwrite: that takes false, 0 and "" for not given. And
numbers of a values file are floats by now, which TOML tells from whole ones. A null takes away what this chart writes. */}}
{{- define "opengse.overlay" -}}
{{- $under := first . -}}
{{- range $key, $value := last . -}}
{{- if kindIs "map" $value -}}
{{- if not (kindIs "map" (get $under $key)) }}{{ $_ := set $under $key dict }}{{ end -}}
{{- include "opengse.overlay" (list (get $under $key) $value) -}}
{{- else if kindIs "slice" $value -}}
{{- $rows := list -}}
{{- range $value -}}
{{- $row := dict -}}
{{- include "opengse.overlay" (list $row (dict "it" .)) -}}
{{- $rows = append $rows $row.it -}}
{{- end -}}
{{- $_ := set $under $key $rows -}}
{{- else if kindIs "invalid" $value -}}
{{- $_ := unset $under $key -}}
{{- else if and (kindIs "float64" $value) (eq (floor $value) $value) -}}
{{- $_ := set $under $key (int64 $value) -}}
{{- else -}}
{{- $_ := set $under $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* How many servers, once the settings are such that they can be more than one. */}}
{{- define "opengse.replicas" -}}
{{- if gt (int .Values.server.replicas) 1 -}}
{{- $settings := .Values.server.settings -}}
{{- if ne (dig "journal" "kind" "" $settings) "postgres" -}}
{{- fail "server.replicas: several servers share a database: server.settings.journal.kind must be \"postgres\"" -}}
{{- end -}}
{{- if not (dig "secrets" "key_file" "" $settings) -}}
{{- fail "server.replicas: several servers want server.settings.secrets.key_file, say /etc/gse-secrets/NAME/key with server.secrets: [NAME]" -}}
{{- end -}}
{{- if not (or (dig "objects" "shared" false $settings) (eq (dig "objects" "kind" "" $settings) "s3")) -}}
{{- fail "server.replicas: several servers want objects that all of them see: server.settings.objects.kind \"s3\", or shared" -}}
{{- end -}}
{{- end -}}
{{- .Values.server.replicas -}}
{{- end -}}
