"""What a command may use besides its arguments: settings, the time, a Spark session."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from lakehouse import interruption
from lakehouse.progress import progress
from lakehouse.settings import JobSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Context:
    """What a step may use besides its arguments."""

    settings: JobSettings
    name: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def spark(self) -> "SparkSession":
        """The Spark session, started when first asked for."""
        from lakehouse.session import build_session

        progress("starting Spark")
        with interruption.while_spark_starts():
            return build_session(self.settings, self.name)

    def close(self) -> None:
        """End what an interrupted step leaves running."""
        if "spark" in vars(self):
            interruption.end_spark(self.spark)
