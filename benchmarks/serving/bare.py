"""A bare FastAPI application: routes that return fixed bytes, as the measure of what is possible.

BODIES=folder uvicorn --factory benchmarks.serving.bare:create_bare
"""

import os
from pathlib import Path

from fastapi import FastAPI, Response
from pydantic import BaseModel

PAIR_FILE, BULK_FILE = "pair.json", "bulk.json"
JSON = "application/json"


class Pair(BaseModel):
    """A pair as its author would declare it."""

    shop_id: str
    item_id: str


class Question(BaseModel):
    """The question as its author would declare it."""

    pairs: list[Pair]


def create_bare() -> FastAPI:
    """Build the application; the environment's BODIES is the folder of the bytes to return."""
    folder = Path(os.environ["BODIES"])
    pair, bulk = (folder / PAIR_FILE).read_bytes(), (folder / BULK_FILE).read_bytes()
    app = FastAPI()

    @app.get("/predict")
    async def bare() -> Response:
        return Response(pair, media_type=JSON)

    @app.post("/predict")
    async def bare_bulk(question: Question) -> Response:
        assert question.pairs
        return Response(bulk, media_type=JSON)

    return app
