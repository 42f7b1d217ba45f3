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
        places: normal URIs that Spark's executors read or write, filled by the command's steps
            before the session starts.
    """

    settings: JobSettings
    name: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    places: set[str] = field(default_factory=set)

    @cached_property
    def spark(self) -> "SparkSession":
        """The Spark session, started on first access.

        Raises:
            RefusedError: Java or a jar is missing, or executors lack the program or a place.
        """
        from lakehouse.executors import require_executors
        from lakehouse.session import build_session

        progress("starting Spark")
        with interruption.while_spark_starts():
            session = build_session(self.settings, self.name)
        require_executors(session, self.places)
        return session

    def close(self) -> None:
        """Stop the Spark session if a step started one."""
        if "spark" in vars(self):
            interruption.end_spark(self.spark)
