"""Declared versions of the code that computes stored values.

If you change the values that a part's code computes, raise the part's version: here, for a
statistic in features/statistic.py, for models in modelling/version.py. Builds then recompute the
tables of that part (ADR 13). If the code changes but no value does, keep the version.
tests/architecture/test_declared_versions.py maps code to parts, and fails after a change of code
until you decide between the two and record the decision.
"""

# Code of monthly cells, from sales, offers, catalogue and more detailed cells.
# 2: revenue and priced_units cover only buyers' sales with a known price.
CELLS = 2
# Declarations of groups, measures and features. A change shows in the columns of tables; this
# version says which of two programs has the later declarations.
# 2: groups have priced_units, and the latest revenue is of a month that has priced units.
GROUPS = 2
# Code that all statistics share: histories, starts, encoding.
FEATURES = 1
# Code of panel rows, from features, cells, catalogue and declared inputs.
# 2: prices divide by priced units.
PANEL = 2
