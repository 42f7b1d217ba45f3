{{/* Container of a stream. Takes (dict "root" $ "name" NAME "stream" VALUES). */}}
{{- define "shopcast.streamContainer" -}}
{{- $root := .root -}}
{{- $words := concat (list "streaming" .name "--metrics-port" (toString $root.Values.streams.metricsPort) "--metrics-address" "0.0.0.0") .stream.args -}}
name: {{ .name }}
image: {{ include "shopcast.image" (dict "root" $root "image" $root.Values.image.spark) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args: {{- concat (list "python" "-m") $words | toYaml | nindent 2 }}
securityContext: {{- include "shopcast.containerSecurity" $root | nindent 2 }}
ports:
  - name: metrics
    containerPort: {{ $root.Values.streams.metricsPort }}
  {{- if eq $root.Values.spark.mode "executors" }}
  - name: driver
    containerPort: 7078
  - name: blocks
    containerPort: 7079
  {{- end }}
envFrom: {{- include "shopcast.envFrom" (dict "root" $root "settings" (list "jobs" "kafka" "providers")) | nindent 2 }}
env: {{- include "shopcast.sparkEnv" $root | nindent 2 }}
startupProbe:
  tcpSocket: {port: metrics}
  periodSeconds: 5
  failureThreshold: 60
livenessProbe:
  tcpSocket: {port: metrics}
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 5
resources: {{- toYaml .stream.resources | nindent 2 }}
volumeMounts: {{- include "shopcast.sparkMounts" $root | nindent 2 }}
{{- end -}}
