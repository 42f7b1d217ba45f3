"""Claim of a lake by a profile that a command names."""

from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile, load_profile
from lakehouse.profile.stored import claim_lake, stored_profile


def claim_profile(lake: Lake, name: str | None, *, may_create: bool) -> Profile:
    """Return the lake's profile; store a named profile as the lake's first.

    Args:
        lake: the lake.
        name: a shipped profile or a path ending in .toml; None: the lake's own.
        may_create: whether a lake without a profile takes the named profile.

    Raises:
        LakeError: the root has no lake (pass ``--profile``, or run ingest_history), or the lake was
            made with another profile.
    """
    if name is None:
        return stored_profile(lake)
    if not may_create:
        stored_profile(lake)
    profile = load_profile(name)
    claim_lake(lake, profile)
    return profile
