{{/* Paths that the writer answers. */}}
{{- define "shopcast.writerPaths" -}}
- /update_data
- /train
- /overrides
{{- end -}}
