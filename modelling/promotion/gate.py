"""Promotion gate: decides by errors on the same folds whether a candidate becomes champion."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from lakehouse.profile.rules import Gate
from modelling.evaluation.score import Score
from modelling.evaluation.scoreboard import pool_by

CANDIDATE, CHAMPION = "candidate", "champion"
SegmentValue = tuple[str, str]
# Contender → metrics of the contender; the gate judges ``rows`` and ``rmse``, units.
Errors = Mapping[str, Mapping[str, float]]
# Segment and value → errors, pooled over the folds.
Scores = Mapping[SegmentValue, Errors]
EVERY_ROW: SegmentValue = ("all", "all")
# The segments that the gate judges: new, selling and unsold items; top sellers and all other items.
JUDGED = ("item", "rank")


@dataclass(frozen=True)
class Check:
    """One condition of the gate: the candidate's error against a limit.

    Attributes:
        place: segment and value of the rows.
        against: contender from whose error the limit is computed.
        rows: number of scored rows.
        error: the candidate's RMSE, units.
        reference: RMSE of ``against``, units.
        limit: the greatest error that passes, units.
        is_strict: whether an error equal to the limit fails.
    """

    place: SegmentValue
    against: str
    rows: int
    error: float
    reference: float
    limit: float
    is_strict: bool = False

    @property
    def holds(self) -> bool:
        """Whether the candidate's error passes the check; an error that is not finite fails."""
        if not isfinite(self.error):
            return False
        return self.error < self.limit if self.is_strict else self.error <= self.limit

    @property
    def where(self) -> str:
        """The segment and value as readable text."""
        return "overall" if self.place == EVERY_ROW else " ".join(self.place)


@dataclass(frozen=True)
class Verdict:
    """The gate's decision about a candidate, with all checks."""

    checks: tuple[Check, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the candidate becomes the champion: all checks hold."""
        return all(check.holds for check in self.checks)

    @property
    def reason(self) -> str:
        """The reason in sentences: the failed checks, or the first two if none failed."""
        failed = [check for check in self.checks if not check.holds]
        return " ".join(sentence(check) for check in failed or self.checks[:2])

    @property
    def table(self) -> str:
        """The checks as a text table, RMSE in units."""
        titles = f"{'RMSE, units':<24}{'rows':>10}{'candidate':>11}{'against':>24}"
        lines = [f"{titles}{'its RMSE':>10}{'limit':>10}"]
        lines += [
            f"{check.where:<24}{check.rows:>10}{check.error:>11.4f}{check.against:>24}"
            f"{check.reference:>10.4f}{check.limit:>10.4f}  {'ok' if check.holds else 'NOT MET'}"
            for check in self.checks
        ]
        return "\n".join(["", *lines])


def pooled(scores: Mapping[str, Iterable[Score]]) -> Scores:
    """Pool the scores of each contender over the folds.

    Args:
        scores: contender → scores of the contender.
    """
    by_value: dict[SegmentValue, dict[str, Mapping[str, float]]] = {}
    for contender, of_contender in scores.items():
        pooled = pool_by(of_contender, lambda score: (score.segment, score.value))
        for value, errors in pooled.items():
            by_value.setdefault(value, {})[contender] = errors
    return by_value


def evaluate(scores: Scores, rules: Gate, naive: Sequence[str]) -> Verdict:
    """Compare a candidate with the champion, if any, and the best naive forecast.

    The gate ignores a champion whose error is not a finite number.

    Args:
        scores: scores of candidate, champion and naive forecasts on the same rows.
        rules: the profile's margins.
        naive: names of the naive forecasts among the contenders; at least one.
    """
    everywhere = scores[EVERY_ROW]
    best_naive = min(naive, key=lambda name: rmse_of(everywhere, name))
    reference = CHAMPION if isfinite(rmse_of(everywhere, CHAMPION)) else best_naive
    checks = [naive_check(everywhere, best_naive, rules)]
    if reference == CHAMPION:
        checks.insert(0, champion_check(everywhere, rules))
    return Verdict((*checks, *segment_checks(scores, reference, rules)))


def champion_check(errors: Errors, rules: Gate) -> Check:
    """Require an error at least the margin below the champion's; margin 0 allows equality."""
    return check(EVERY_ROW, errors, CHAMPION, 1 - rules.champion_margin)


def naive_check(errors: Errors, best: str, rules: Gate) -> Check:
    """Require an error below the best naive forecast's by more than the margin."""
    return check(EVERY_ROW, errors, best, 1 - rules.naive_margin, is_strict=True)


def segment_checks(scores: Scores, reference: str, rules: Gate) -> Iterator[Check]:
    """Require an error within the segment margin in every judged segment with enough rows.

    A segment is left out if the reference's error is 0 or not finite: no relative limit exists.
    """
    for place in sorted(scores):
        errors = scores[place]
        if place[0] in JUDGED and errors[CANDIDATE]["rows"] >= rules.segment_rows:
            segment_check = check(place, errors, reference, 1 + rules.segment_margin)
            if 0 < segment_check.reference < inf:
                yield segment_check


def check(
    place: SegmentValue,
    errors: Errors,
    against: str,
    share: float,
    *,
    is_strict: bool = False,
) -> Check:
    """Make the check that the candidate's error is within ``share`` of a contender's error."""
    error, reference = rmse_of(errors, CANDIDATE), rmse_of(errors, against)
    rows = int(errors[CANDIDATE]["rows"])
    return Check(place, against, rows, error, reference, reference * share, is_strict)


def rmse_of(errors: Errors, contender: str) -> float:
    """Return a contender's RMSE, units; infinity if the contender has no finite RMSE."""
    rmse = errors.get(contender, {}).get("rmse")
    return float(rmse) if rmse is not None and isfinite(rmse) else inf


def sentence(check: Check) -> str:
    """Write a check's result as a sentence."""
    held, missed = ("is below", "is not below") if check.is_strict else ("is within", "is above")
    relation = held if check.holds else missed
    return (
        f"{check.where}: RMSE {check.error:.4f} {relation} {check.limit:.4f}, "
        f"made from {check.against}'s {check.reference:.4f}."
    )
