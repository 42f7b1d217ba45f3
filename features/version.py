"""Declared versions of the code that computes values, and who takes them into account.

Whoever changes what the code of a part computes raises the part's version here; of a statistic, its
own in features/statistic.py; of models, the one in jobs/modelling/version.py. Tables then know what
is to be computed again (ADR 13). Where the code changes and no value does, the version stays.
tests/architecture/test_declared_versions.py knows which code is of which part, and fails until one
of the two was decided.
"""

# Monthly cells, from sales, offers, catalogue and the cells below them.
CELLS = 1
# Which groups, measures and features there are. Tables tell that by their columns; the version
# tells which of two programs has the later declarations.
GROUPS = 1
# What all statistics share: histories, starts, encoding.
FEATURES = 1
# Panel rows, from features, cells, catalogue and declared inputs.
PANEL = 1
