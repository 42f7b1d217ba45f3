"""Hooks of schemathesis: bodies that are bytes are sent as they are generated."""

import schemathesis

for media_type in (
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/partial-upload",
):
    schemathesis.serializer.alias(media_type, "application/octet-stream")
