"""Profiles as tests need them: the sample's, with another clip of the target."""

from decimal import Decimal

from lakehouse.profile import Clip, Profile, load_profile

SAMPLE = load_profile("sample")


def meaning(clip: Clip | None = None) -> Profile:
    """The sample's profile with another clip."""
    return SAMPLE.model_copy(update={"target_clip": clip})


UNCLIPPED = meaning()
CLIPPED = meaning(Clip(low=Decimal(0), high=Decimal(20)))
