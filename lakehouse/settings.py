"""Environment settings of batch and streaming jobs."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class JobSettings(BaseSettings):
    """Deployment values of a job, each read from the environment variable of its name.

    Object store credentials are not listed: Spark and delta-rs read the providers' standard
    variables (AWS_ACCESS_KEY_ID, AZURE_STORAGE_ACCOUNT_NAME, …) themselves.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    log_format: Literal["text", "ecs"] = Field(
        "text", description="ecs: log lines are JSON of the Elastic Common Schema"
    )
    lake_root: str | None = Field(None, description="URI of the lake when --lake is not given")
    publish_to: SecretStr | None = Field(
        None, description="URL of the database of jobs.publish when --to is not given"
    )
    elasticsearch_url: str | None = Field(
        None, description="address of Elasticsearch when jobs.index_scores is given none"
    )
    elasticsearch_api_key: SecretStr | None = Field(
        None, description="key of Elasticsearch with the rights that docs/how_to/watching.md lists"
    )
    elasticsearch_ca_file: str | None = Field(
        None, description="certificates that Elasticsearch is trusted by; the machine's when unset"
    )
    shopcast_revision: str | None = Field(
        None, description="revision that the program was built from, for the record of runs"
    )
    spark_master: str = Field("local[*]", description="master when spark-submit names none")
    spark_driver_memory: str = Field("2g", description="JVM heap of a local driver")
    port: int = Field(8000, description="port of the API, for the example of a finished pipeline")
    aws_conditional_put: str | None = Field(None, description="how S3 is asked for a first write")
    aws_s3_locking_provider: str | None = Field(None, description="a lock of older versions")
    mlflow_tracking_uri: str | None = Field(
        None, description="MLflow server; a file beside the tables when the lake is a local folder"
    )

    @property
    def api_url(self) -> str:
        """The address at which ``python -m serving`` serves this machine."""
        return f"http://127.0.0.1:{self.port}"
