{{/* Deployment of an API. Takes (dict "root" $ "component" NAME "api" VALUES "claim" NAME or empty "replicas" N or nil). */}}
{{- define "shopcast.apiDeployment" -}}
{{- $root := .root -}}
{{- $settings := list "api" "kafka" "providers" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shopcast.name" $root }}-{{ .component }}
  labels: {{- include "shopcast.labels" . | nindent 4 }}
spec:
  {{- if ne .replicas nil }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    {{- if .claim }}
    # A volume that one pod mounts: the old pod ends before the new one starts.
    type: Recreate
    {{- else }}
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
    {{- end }}
  selector:
    matchLabels: {{- include "shopcast.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "shopcast.podLabels" . | nindent 8 }}
      annotations:
        shopcast/settings: {{ include "shopcast.checksum" (dict "root" $root "settings" $settings) | quote }}
        {{- if .training }}
        shopcast/training: {{ toJson $root.Values.training | sha256sum | trunc 16 | quote }}
        {{- end }}
        {{- with $root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "shopcast.account" (dict "root" $root "account" "api") }}
      automountServiceAccountToken: {{ .training }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ add $root.Values.api.drainSeconds 30 }}
      securityContext: {{- include "shopcast.podSecurity" $root | nindent 8 }}
      {{- include "shopcast.placement" $root | nindent 6 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "shopcast.selector" . | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
      containers:
        - name: api
          image: {{ include "shopcast.image" (dict "root" $root "image" $root.Values.image.api) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          securityContext: {{- include "shopcast.containerSecurity" $root | nindent 12 }}
          ports:
            - name: http
              containerPort: {{ $root.Values.api.port }}
          envFrom: {{- include "shopcast.envFrom" (dict "root" $root "settings" $settings) | nindent 12 }}
          env:
            - name: LAKE_ROOT
              value: {{ include "shopcast.lakeRoot" $root | quote }}
            - name: HOST
              value: 0.0.0.0
            - name: PORT
              value: {{ $root.Values.api.port | quote }}
            - name: STATE_FOLDER
              value: /state
            - name: CACHE_FOLDER
              value: /cache
            {{- if .api.keysSecret }}
            - name: KEYS_FILE
              value: /keys/keys.json
            {{- end }}
            {{- if .training }}
            - name: TRAINING_ENGINE
              value: kubernetes
            - name: TRAINING_JOB_FILE
              value: /training/job.json
            {{- end }}
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 5
          lifecycle:
            preStop:
              # The server closes its door at once on SIGTERM; first the Services must forget this pod.
              sleep:
                seconds: {{ $root.Values.api.drainSeconds }}
          resources: {{- toYaml .api.resources | nindent 12 }}
          volumeMounts:
            {{- include "shopcast.mounts" $root | nindent 12 }}
            - name: state
              mountPath: /state
            - name: cache
              mountPath: /cache
            {{- if .api.keysSecret }}
            - name: keys
              mountPath: /keys
              readOnly: true
            {{- end }}
            {{- if .training }}
            - name: training
              mountPath: /training
              readOnly: true
            {{- end }}
      volumes:
        {{- include "shopcast.volumes" (dict "root" $root "disk" "1Gi") | nindent 8 }}
        - name: state
          {{- if .claim }}
          persistentVolumeClaim:
            claimName: {{ .claim }}
          {{- else }}
          emptyDir:
            sizeLimit: 1Gi
          {{- end }}
        - name: cache
          emptyDir:
            sizeLimit: {{ $root.Values.api.cacheSize }}
        {{- if .api.keysSecret }}
        - name: keys
          secret:
            secretName: {{ .api.keysSecret }}
        {{- end }}
        {{- if .training }}
        - name: training
          configMap:
            name: {{ include "shopcast.name" $root }}-training
        {{- end }}
{{- end -}}

{{/* Claim of an API's state: the one that is named, or the chart's own. Takes (dict "root" $ "component" NAME "state" VALUES). */}}
{{- define "shopcast.stateClaim" -}}
{{- .state.existingClaim | default (printf "%s-%s-state" (include "shopcast.name" .root) .component) -}}
{{- end -}}

{{- define "shopcast.stateVolume" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "shopcast.stateClaim" . }}
  labels: {{- include "shopcast.labels" . | nindent 4 }}
  annotations:
    # Keys, uploads and the record of trainings outlive the release.
    helm.sh/resource-policy: keep
spec:
  accessModes: [ReadWriteOnce]
  {{- with .state.storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .state.size }}
{{- end -}}
