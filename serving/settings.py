"""API settings, read once from the environment and the command line."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsConfigDict

from lakehouse.errors import UsageError
from lakehouse.lake import Lake
from serving.access.settings import AccessSettings
from serving.state import StateFolder, default_state_folder
from serving.training.settings import TrainingSettings
from serving.uploads.settings import UploadSettings
from serving.watching.settings import WatchingSettings


class ServingSettings(AccessSettings, WatchingSettings, UploadSettings, TrainingSettings):
    """Lake, address and refresh interval of the API.

    Credentials of object stores are not among the settings: delta-rs reads the providers' standard
    variables (AWS_ACCESS_KEY_ID, AZURE_STORAGE_ACCOUNT_NAME, …).
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    lake_root: Annotated[str, Field(min_length=1, description="URI of the lake")]
    # Closed to other machines by default; HOST=0.0.0.0, as in a container, opens the API.
    host: Annotated[str, Field(min_length=1, description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="0: any free port")] = 8000
    refresh_seconds: Annotated[
        float, Field(gt=0, le=86400, description="how often to look for a newer version, seconds")
    ] = 60
    max_age_months: Annotated[
        PositiveInt | None,
        Field(description="greatest age of the cutoff, months, to be ready; unset: any"),
    ] = None

    state_folder: Annotated[
        Path | None,
        Field(description="folder of keys, uploads and runs, on a local disk; unset: the user's"),
    ] = None
    workers: Annotated[
        PositiveInt, Field(le=64, description="processes that answer; 1: the command itself")
    ] = 1
    run_folder: Annotated[
        Path | None,
        Field(description="folder that the workers of one server share; unset: a temporary one"),
    ] = None
    cache_folder: Annotated[
        Path | None,
        Field(description="folder of the files that lookups map into memory; unset: the user's"),
    ] = None

    store: Annotated[
        SecretStr | None,
        Field(description="postgresql://…, the copy of jobs.publish to look up; unset: the lake"),
    ] = None
    items_store: Annotated[
        SecretStr | None,
        Field(description="mongodb://…, the items of jobs.publish; unset: no GET /items/{item_id}"),
    ] = None

    override_reasons: Annotated[
        str,
        Field(
            pattern="^[a-z0-9_]{1,32}(,[a-z0-9_]{1,32})*$",
            description="reason codes that planners may give, separated by commas",
        ),
    ] = "promotion,price,event,weather,supply,assortment,competition,other"

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reason codes that planners may give."""
        return tuple(self.override_reasons.split(","))

    @property
    def state(self) -> StateFolder:
        """The folder of the API's state, which is created with the first thing kept."""
        return StateFolder(self.state_folder or default_state_folder(self.lake.root))

    @property
    def files_folder(self) -> Path:
        """The folder of the versions' files; deleted files are made again."""
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return self.cache_folder or home / "shopcast"

    @property
    def landing(self) -> Path:
        """The folder for uploaded rows where Kafka is not configured."""
        return self.landing_folder or self.state.path / "landing"

    @property
    def lake(self) -> Lake:
        """The served lake.

        Raises:
            UsageError: the lake's URI has an unknown scheme.
        """
        return Lake.at(self.lake_root)


def read_settings(given: Mapping[str, object]) -> ServingSettings:
    """Read the settings from the environment; values of the command line take precedence.

    Args:
        given: setting → value of the command line; None: not given.

    Raises:
        UsageError: a setting is missing or has a wrong value; names each such setting.
    """
    try:
        return ServingSettings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [sentence(str(fault["loc"][0]), fault) for fault in error.errors()]
        raise UsageError(" ".join(faults)) from None


def export_settings(settings: ServingSettings) -> None:
    """Export the settings of the command line to the environment, where worker processes read."""
    for name, value in settings.model_dump(mode="json", exclude_unset=True).items():
        if value is not None:
            secret = getattr(settings, name)
            plain = secret.get_secret_value() if isinstance(secret, SecretStr) else value
            os.environ[name.upper()] = str(plain)


def sentence(setting: str, fault: Mapping[str, object]) -> str:
    """Write the error sentence for one wrong or missing setting."""
    if setting == "lake_root":
        return "No lake is named: pass --lake URI or set LAKE_ROOT."
    return f"{setting.upper()}: {fault['input']!r}: {fault['msg']}."


def describe_settings() -> str:
    """List the environment variables with their defaults, for the help of the command."""
    fields = ServingSettings.model_fields
    width = max(map(len, fields))
    return "\n".join(
        f"  {name.upper():{width}}  {field.description}{default_of(field)}"
        for name, field in fields.items()
    )


def default_of(field: FieldInfo) -> str:
    """Write the default of a setting; nothing if the description says what happens without."""
    return "" if field.is_required() or field.default is None else f" ({field.default})"
