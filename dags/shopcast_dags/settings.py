"""Deployment values of the DAGs, read from environment variables SHOPCAST_<NAME>."""

from datetime import timedelta
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DagSettings(BaseSettings):
    """Where and how the steps run; no value is a secret."""

    model_config = SettingsConfigDict(env_prefix="SHOPCAST_", frozen=True, extra="ignore")

    runner: Literal["process", "spark-submit", "pod"] = Field(
        "process", description="what a step is: a process, a spark-submit or a Kubernetes pod"
    )
    lake: str | None = Field(None, description="URI of the lake (default: LAKE_ROOT of the step)")
    horizons: str = Field("1", description="months from the cutoff to the target month: 1,2,3")
    folds: int = Field(6, ge=1, description="past months that backtest and promotion score")
    data: str | None = Field(None, description="folder or URI of the files of daily_update")
    profile: str | None = Field(None, description="profile of those files")
    copies: bool = Field(False, description="copy the lake by jobs.publish; PUBLISH_TO says where")
    index: bool = Field(
        False, description="index the scores by jobs.index_scores; ELASTICSEARCH_URL says where"
    )

    home: str = Field(".", description="folder of shopcast, in which processes start")
    python: str = Field("python", description="Python with shopcast, for the runner process")
    submit: str = Field("spark-submit", description="spark-submit with its options")

    image: str = Field("shopcast-jobs", description="image of the pods, by digest")
    namespace: str = Field("shopcast", description="namespace of the pods")
    service_account: str = Field("shopcast-jobs", description="ServiceAccount of the pods")
    secret: str | None = Field(None, description="Secret whose keys are the pods' environment")
    pod_cpu: str = Field("2", description="CPU of a pod")
    pod_memory: str = Field("8Gi", description="memory of a pod, the JVM's heap included")
    pod_scratch: str = Field("20Gi", description="largest size of a pod's /tmp")

    retries: int = Field(3, ge=0, description="attempts after a first one that failed")
    retry_seconds: int = Field(120, ge=1, description="wait before the second attempt; it doubles")
    step_hours: float = Field(6, gt=0, description="longest time of an attempt")
    poll_seconds: int = Field(30, ge=1, description="wait between two looks at what the API does")
    run_hours: float = Field(24, gt=0, description="longest time of a run")
    update_hours: float = Field(12, gt=0, description="longest time of a run of daily_update")

    @property
    def retry_delay(self) -> timedelta:
        """Wait before the second attempt."""
        return timedelta(seconds=self.retry_seconds)


SETTINGS = DagSettings()
