{{- define "shopcast.name" -}}
{{- if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{/* Labels by which a component is found: they never change. Takes (dict "root" $ "component" NAME). */}}
{{- define "shopcast.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "shopcast.labels" -}}
{{ include "shopcast.selector" . }}
app.kubernetes.io/part-of: shopcast
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "shopcast.podLabels" -}}
{{ include "shopcast.selector" . }}
app.kubernetes.io/part-of: shopcast
{{- with .root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Takes (dict "root" $ "image" NAME). */}}
{{- define "shopcast.image" -}}
{{- $values := .root.Values.image -}}
{{- with $values.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .image }}:{{ $values.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* ServiceAccount of api or spark. Takes (dict "root" $ "account" NAME). */}}
{{- define "shopcast.account" -}}
{{- $account := index .root.Values.serviceAccounts .account -}}
{{- $account.name | default (ternary (printf "%s-%s" (include "shopcast.name" .root) .account) "default" $account.create) -}}
{{- end -}}

{{- define "shopcast.lakeRoot" -}}
{{- $lake := .Values.lake -}}
{{- $volume := or $lake.volume.create $lake.volume.existingClaim -}}
{{- if $lake.root -}}{{ $lake.root }}
{{- else if $volume -}}{{ $lake.volume.mountPath }}
{{- else -}}{{ fail "lake.root: name the lake (s3a://bucket/path, abfss://…), or set lake.volume.create or lake.volume.existingClaim." }}
{{- end -}}
{{- end -}}

{{- define "shopcast.lakeClaim" -}}
{{- .Values.lake.volume.existingClaim | default (ternary (printf "%s-lake" (include "shopcast.name" .)) "" .Values.lake.volume.create) -}}
{{- end -}}

{{/* Writes a number as the program reads it: Helm turns large numbers into 1.07e+09. */}}
{{- define "shopcast.text" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{/* Data of a ConfigMap of settings. */}}
{{- define "shopcast.settings" -}}
{{- range $name, $value := . }}
{{ $name }}: {{ include "shopcast.text" $value | quote }}
{{- end }}
{{- end -}}

{{/* Where a component's environment comes from. Takes (dict "root" $ "settings" LIST). */}}
{{- define "shopcast.envFrom" -}}
{{- $root := .root -}}
{{- range .settings }}
- configMapRef:
    name: {{ include "shopcast.name" $root }}-{{ . }}
{{- with index $root.Values.existingSecrets . }}
- secretRef:
    name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Changes when the settings that a component reads change. Takes (dict "root" $ "settings" LIST). */}}
{{- define "shopcast.checksum" -}}
{{- $read := list .root.Values.secretsVersion -}}
{{- $root := .root -}}
{{- range .settings }}{{ $read = append $read (toJson (index $root.Values.settings .)) }}{{ end -}}
{{- $read | join "|" | sha256sum | trunc 16 -}}
{{- end -}}

{{- define "shopcast.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "shopcast.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where pods are placed. */}}
{{- define "shopcast.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Volumes and mounts that every pod has. */}}
{{- define "shopcast.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "shopcast.lakeClaim" . }}
- name: lake
  mountPath: {{ .Values.lake.volume.mountPath }}
{{- end }}
{{- end -}}

{{/* Takes (dict "root" $ "disk" SIZE). */}}
{{- define "shopcast.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .disk }}
{{- with include "shopcast.lakeClaim" .root }}
- name: lake
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- end -}}

{{/* Values of Spark for a driver in a pod whose executors are pods: client mode. Spark replaces ${env:…}. */}}
{{- define "shopcast.sparkConf" -}}
{{- $executors := .Values.spark.executors -}}
spark.driver.bindAddress 0.0.0.0
spark.driver.port 7078
spark.driver.blockManager.port 7079
spark.blockManager.port 7079
spark.executor.instances {{ $executors.count }}
spark.executor.cores {{ $executors.cores }}
spark.executor.memory {{ $executors.memory }}
spark.executor.memoryOverhead {{ $executors.memoryOverhead }}
spark.kubernetes.namespace {{ .Release.Namespace }}
spark.kubernetes.container.image {{ include "shopcast.image" (dict "root" . "image" .Values.image.spark) }}
spark.kubernetes.container.image.pullPolicy {{ .Values.image.pullPolicy }}
# Executors without the name of their driver's pod have no owner, and stay when the driver is gone.
spark.kubernetes.driver.pod.name ${env:POD_NAME}
spark.kubernetes.executor.podTemplateFile /etc/shopcast/executor.yaml
spark.kubernetes.executor.podTemplateContainerName executor
spark.kubernetes.authenticate.executor.serviceAccountName {{ include "shopcast.account" (dict "root" . "account" "spark") }}
# The chart has network policies; Spark's own would need the right to make some.
spark.kubernetes.networkPolicy.enabled false
spark.decommission.enabled true
{{- range $name, $value := .Values.spark.conf }}
{{ $name }} {{ include "shopcast.text" $value }}
{{- end }}
{{- end -}}

{{/* Environment of a Spark process. */}}
{{- define "shopcast.sparkEnv" -}}
- name: LAKE_ROOT
  value: {{ include "shopcast.lakeRoot" . | quote }}
{{- if eq .Values.spark.mode "executors" }}
- name: SPARK_MASTER
  value: k8s://https://kubernetes.default.svc
- name: SPARK_CONF_DIR
  value: /etc/shopcast
- name: SPARK_LOCAL_HOSTNAME
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- end -}}

{{/* Mounts and volumes of a Spark process beside those of every pod. */}}
{{- define "shopcast.sparkMounts" -}}
{{ include "shopcast.mounts" . }}
{{- if eq .Values.spark.mode "executors" }}
- name: spark
  mountPath: /etc/shopcast
  readOnly: true
{{- end }}
{{- end -}}

{{- define "shopcast.sparkVolumes" -}}
{{ include "shopcast.volumes" . }}
{{- if eq .root.Values.spark.mode "executors" }}
- name: spark
  configMap:
    name: {{ include "shopcast.name" .root }}-spark
{{- end }}
{{- end -}}
