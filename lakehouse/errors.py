"""The errors a user meets.

ShopcastError
├── UsageError       exit code 2: the command line or a setting is wrong
├── TrainingError    exit code 1: a process that trained with others failed or died
└── RefusedError     exit code 3: data or state are not fit for what was asked
    ├── ProfileError     a profile's file is not valid
    ├── SourceError      a retailer's file cannot be read as its profile says
    ├── LakeError        the lake is missing, of another format, or of another profile
    ├── BooksError       records went in that did not come out anywhere
    └── ConflictError    another process wrote the same table at the same time
Any other exception is a defect of the program: exit code 1.
"""


class ShopcastError(Exception):
    """An error whose message names the value, the place and the remedy."""

    exit_code = 1


class UsageError(ShopcastError):
    """The command line or a setting is wrong."""

    exit_code = 2


class TrainingError(ShopcastError):
    """A process that trained together with others failed or died; nothing was kept."""


class RefusedError(ShopcastError):
    """Data or state are not fit for what was asked."""

    exit_code = 3


class ProfileError(RefusedError):
    """A profile's file is not valid."""


class SourceError(RefusedError):
    """A retailer's file cannot be read as its profile says."""


class LakeError(RefusedError):
    """The lake is missing, of another format, or made with another profile."""


class BooksError(RefusedError):
    """Records went in that did not come out anywhere."""


class ConflictError(RefusedError):
    """Another process wrote the same table at the same time; nothing of this write is seen."""
