"""Profiles as tests need them: the sample's with every feature, and another clip."""

from decimal import Decimal

from lakehouse.profile.features import Features
from lakehouse.profile.profile import Clip, Profile, load_profile

SAMPLE = load_profile("sample")


def meaning(clip: Clip | None = None) -> Profile:
    """The sample's profile with another clip, no block of features switched off."""
    return SAMPLE.model_copy(update={"target_clip": clip, "features": Features(without=[])})


UNCLIPPED = meaning()
CLIPPED = meaning(Clip(low=Decimal(0), high=Decimal(20)))
