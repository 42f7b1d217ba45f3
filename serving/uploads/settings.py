"""Settings of uploads."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from serving.uploads.limits import Limits


class UploadSettings(BaseSettings):
    """Where uploads go, and how large they may be; Kafka is named by its variables KAFKA_*."""

    landing_folder: Annotated[
        Path | None,
        Field(description="folder for uploaded rows without Kafka; unset: in STATE_FOLDER"),
    ] = None
    upload_bytes: Annotated[int, Field(gt=0, description="most bytes of an uploaded body")] = 2**30
    upload_plain_bytes: Annotated[
        int, Field(gt=0, description="most bytes of an uploaded body once it is decompressed")
    ] = 20 * 2**30
    upload_rows: Annotated[int, Field(gt=0, description="most rows of an upload")] = 200_000_000
    upload_seconds: Annotated[
        float, Field(gt=0, description="longest time to receive an uploaded body, seconds")
    ] = 3600

    @property
    def upload_limits(self) -> Limits:
        """What an upload may cost."""
        return Limits(
            self.upload_bytes, self.upload_plain_bytes, self.upload_rows, self.upload_seconds
        )
