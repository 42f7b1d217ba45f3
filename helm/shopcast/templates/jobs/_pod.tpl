{{/* Pod of a batch command. Takes (dict "root" $ "component" NAME "words" LIST "resources" VALUES "disk" SIZE). */}}
{{- define "shopcast.jobPod" -}}
{{- $root := .root -}}
metadata:
  labels: {{- include "shopcast.podLabels" . | nindent 4 }}
  {{- with $root.Values.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "shopcast.account" (dict "root" $root "account" "spark") }}
  automountServiceAccountToken: {{ eq $root.Values.spark.mode "executors" }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: 60
  securityContext: {{- include "shopcast.podSecurity" $root | nindent 4 }}
  {{- include "shopcast.placement" $root | nindent 2 }}
  containers:
    - name: job
      image: {{ include "shopcast.image" (dict "root" $root "image" $root.Values.image.spark) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: {{- concat (list "python" "-m") .words | toYaml | nindent 8 }}
      securityContext: {{- include "shopcast.containerSecurity" $root | nindent 8 }}
      envFrom: {{- include "shopcast.envFrom" (dict "root" $root "settings" (list "jobs" "providers")) | nindent 8 }}
      env: {{- include "shopcast.sparkEnv" $root | nindent 8 }}
      resources: {{- toYaml .resources | nindent 8 }}
      volumeMounts: {{- include "shopcast.sparkMounts" $root | nindent 8 }}
  volumes: {{- include "shopcast.sparkVolumes" (dict "root" $root "disk" .disk) | nindent 4 }}
{{- end -}}
