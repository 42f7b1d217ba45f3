"""What every section of a profile is: frozen, without unknown keys."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A section of a profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")
