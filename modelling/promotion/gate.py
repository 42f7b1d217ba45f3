"""The gate: whether a candidate becomes the champion, judged by errors on the same folds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from lakehouse.profile.rules import Gate
from modelling.evaluation.scoreboard import pool_by

CANDIDATE, CHAMPION = "candidate", "champion"
Place = tuple[str, str]
# Contender → its metrics, of which the rows and the RMSE, units, are judged.
Errors = Mapping[str, Mapping[str, Any]]
# Segment and value → errors, pooled over the folds.
Scores = Mapping[Place, Errors]
EVERY_ROW: Place = ("all", "all")
# New, selling and dead items; top sellers and others.
JUDGED = ("item", "rank")


@dataclass(frozen=True)
class Check:
    """One condition: the candidate's error against a limit.

    Attributes:
        place: segment and value.
        against: whose error the limit is made from.
        rows: that were scored.
        error: the candidate's RMSE, units.
        reference: the other's RMSE, units.
        limit: the greatest error that will do, units.
        is_strict: the limit itself will not do.
    """

    place: Place
    against: str
    rows: int
    error: float
    reference: float
    limit: float
    is_strict: bool = False

    @property
    def holds(self) -> bool:
        """Whether the candidate reached it: an error that is not finite never does."""
        if not isfinite(self.error):
            return False
        return self.error < self.limit if self.is_strict else self.error <= self.limit

    @property
    def where(self) -> str:
        """Which rows, for a person."""
        return "overall" if self.place == EVERY_ROW else " ".join(self.place)


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a candidate, and every check that it rests on."""

    checks: tuple[Check, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the candidate becomes the champion."""
        return all(check.holds for check in self.checks)

    @property
    def reason(self) -> str:
        """Say why, as sentences."""
        failed = [check for check in self.checks if not check.holds]
        return " ".join(sentence(check) for check in failed or self.checks[:2])

    @property
    def table(self) -> str:
        """Write the checks as a table, RMSE in units."""
        titles = f"{'RMSE, units':<24}{'rows':>10}{'candidate':>11}{'against':>24}"
        lines = [f"{titles}{'its RMSE':>10}{'limit':>10}"]
        lines += [
            f"{check.where:<24}{check.rows:>10}{check.error:>11.4f}{check.against:>24}"
            f"{check.reference:>10.4f}{check.limit:>10.4f}  {'ok' if check.holds else 'NOT MET'}"
            for check in self.checks
        ]
        return "\n".join(["", *lines])


def pooled(scores: Mapping[str, Iterable[Mapping[str, Any]]]) -> Scores:
    """Pool the scores of contenders over folds.

    Args:
        scores: contender → its rows of gold.backtests.
    """
    named = [{**row, "contender": name} for name, rows in scores.items() for row in rows]
    found: dict[Place, dict[str, Mapping[str, Any]]] = {}
    for (*place, contender), errors in pool_by(named, "segment", "value", "contender").items():
        found.setdefault((place[0], place[1]), {})[contender] = errors
    return found


def judge(scores: Scores, rules: Gate, naive: Sequence[str]) -> Verdict:
    """Hold a candidate against the champion, where there is one, and the best naive forecast.

    A champion whose error is not a finite number is passed over, as if there were none.

    Args:
        scores: of the candidate, the champion and the naive forecasts, on the same rows.
        rules: the profile's margins.
        naive: the names of the naive forecasts among the contenders; at least one.
    """
    everywhere = scores[EVERY_ROW]
    best_naive = min(naive, key=lambda name: rmse_of(everywhere, name))
    reference = CHAMPION if isfinite(rmse_of(everywhere, CHAMPION)) else best_naive
    checks = [naive_check(everywhere, best_naive, rules)]
    if reference == CHAMPION:
        checks.insert(0, champion_check(everywhere, rules))
    return Verdict((*checks, *segment_checks(scores, reference, rules)))


def champion_check(errors: Errors, rules: Gate) -> Check:
    """Ask that the candidate is better than the champion by a margin, without one no worse."""
    return check(EVERY_ROW, errors, CHAMPION, 1 - rules.champion_margin)


def naive_check(errors: Errors, best: str, rules: Gate) -> Check:
    """Ask that the candidate is better than the best naive forecast by more than a margin."""
    return check(EVERY_ROW, errors, best, 1 - rules.naive_margin, is_strict=True)


def segment_checks(scores: Scores, reference: str, rules: Gate) -> Iterator[Check]:
    """Ask that the candidate is not much worse in any segment that has rows enough.

    Where the reference has no error at all, or none that is finite, nothing can be relative to it:
    such a segment is left out.
    """
    for place in sorted(scores):
        errors = scores[place]
        if place[0] in JUDGED and errors[CANDIDATE]["rows"] >= rules.segment_rows:
            found = check(place, errors, reference, 1 + rules.segment_margin)
            if 0 < found.reference < inf:
                yield found


def check(
    place: Place,
    errors: Errors,
    against: str,
    share: float,
    *,
    is_strict: bool = False,
) -> Check:
    """Make the check that the candidate's error is within a share of another's."""
    mine, other = rmse_of(errors, CANDIDATE), rmse_of(errors, against)
    rows = int(errors[CANDIDATE]["rows"])
    return Check(place, against, rows, mine, other, other * share, is_strict)


def rmse_of(errors: Errors, contender: str) -> float:
    """Return a contender's RMSE, units; infinite where it has none that is a finite number."""
    rmse = errors.get(contender, {}).get("rmse")
    return float(rmse) if rmse is not None and isfinite(rmse) else inf


def sentence(check: Check) -> str:
    """Say what a check found."""
    held, missed = ("is below", "is not below") if check.is_strict else ("is within", "is above")
    found = held if check.holds else missed
    return (
        f"{check.where}: RMSE {check.error:.4f} {found} {check.limit:.4f}, "
        f"made from {check.against}'s {check.reference:.4f}."
    )
