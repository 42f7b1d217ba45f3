"""Base class of a profile's sections: frozen, and refusing unknown keys."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a profile: immutable; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
