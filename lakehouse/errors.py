"""Error classes that users see, and the exit code of each.

ShopcastError
├── UsageError       exit code 2: the command line or a setting is wrong
├── TrainingError    exit code 1: one of several joint training processes failed or died
└── RefusedError     exit code 3: the data or the lake's state do not allow the command
    ├── ProfileError     a profile's file is not valid
    ├── SourceError      a retailer's file cannot be read as its profile declares
    ├── LakeError        the lake is missing, of another format, or of another profile
    ├── ReconciliationError       a file's records were not all accounted for in the tables
    └── ConflictError    another process wrote the same table at the same time
Any other exception is a defect of the program: exit code 1.
"""


class ShopcastError(Exception):
    """An error whose message names the wrong value, where the value is, and the remedy."""

    exit_code = 1


class UsageError(ShopcastError):
    """The command line or a setting is wrong."""

    exit_code = 2


class TrainingError(ShopcastError):
    """One of several joint training processes failed or died; no model was kept."""


class RefusedError(ShopcastError):
    """The data or the lake's state do not allow the command."""

    exit_code = 3


class ProfileError(RefusedError):
    """A profile's file is not valid."""


class SourceError(RefusedError):
    """A retailer's file cannot be read as its profile declares."""


class LakeError(RefusedError):
    """The lake is missing, has another format, or was made with another profile."""


class ReconciliationError(RefusedError):
    """The records received from a file were not all accounted for in the tables."""


class ConflictError(RefusedError):
    """Another process wrote the same table at the same time; this write left no visible change."""
