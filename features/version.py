"""Declared versions of the code that computes values, and who takes them into account.

Whoever changes what the code of a part computes raises the part's version here; of a statistic, its
own in features/statistic.py; of models, the one in modelling/version.py. Tables then know what
is to be computed again (ADR 13). Where the code changes and no value does, the version stays.
tests/architecture/test_declared_versions.py knows which code is of which part, and fails until one
of the two was decided.
"""

# Monthly cells, from sales, offers, catalogue and the cells below them.
# 2: revenue is of buyers' sales with a known price alone, and priced_units of the same.
CELLS = 2
# Which groups, measures and features there are. Tables tell that by their columns; the version
# tells which of two programs has the later declarations.
# 2: groups have priced_units, and the last revenue of the months that have them.
GROUPS = 2
# What all statistics share: histories, starts, encoding.
FEATURES = 1
# Panel rows, from features, cells, catalogue and declared inputs.
# 2: prices divide by priced units.
PANEL = 2
