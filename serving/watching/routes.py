"""Route GET /metrics: counts of all workers, for Prometheus."""

import asyncio
from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from serving.problems import NO_STORE
from serving.watching.journal import Journal

router = APIRouter(tags=["health"])


class MetricsResponse(Response):
    """Metrics in Prometheus' text format."""

    media_type = CONTENT_TYPE_PLAIN_0_0_4


@router.get("/metrics", response_class=MetricsResponse)
async def metrics(request: Request) -> MetricsResponse:
    """Return the metrics of all workers of this server."""
    journal = cast(Journal, request.app.state.journal)
    journal.metrics.flush()
    text = await asyncio.to_thread(journal.metrics.expose)
    return MetricsResponse(text, headers=NO_STORE)
