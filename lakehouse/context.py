"""Run context of a command: settings, the time and a Spark session that starts on first use."""

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
    """The run context that a command hands to its steps.

    Attributes:
        settings: deployment values from the environment.
        name: the command's name, shown in Spark's application name.
        now: start time of the command, UTC.
    """

    settings: JobSettings
    name: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def spark(self) -> "SparkSession":
        """The Spark session, started on first access."""
        from lakehouse.session import build_session

        progress("starting Spark")
        with interruption.while_spark_starts():
            return build_session(self.settings, self.name)

    def close(self) -> None:
        """Stop the Spark session if a step started one."""
        if "spark" in vars(self):
            interruption.end_spark(self.spark)
