"""The service of overrides: rows checked and stored, and stored rows listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from lakehouse.delta.arrow import Filters
from lakehouse.lake import Lake
from lakehouse.overrides import Override, append_overrides, current_overrides, read_overrides
from lakehouse.profile.profile import bounds_of
from lakehouse.profile.stored import stored_profile
from serving.lookup.columns import Columns
from serving.lookup.snapshot import Snapshot
from serving.models import first_day
from serving.overrides.rows import ReadRow
from serving.overrides.rules import Rules, Sender, check_rows
from serving.overrides.schemas import (
    ListQuestion,
    OverridePage,
    OverrideVerdicts,
    PageQuestion,
    StoredOverride,
)
from serving.problems import Problem, ProblemError

NONE_ACCEPTED = "tag:shopcast,2026:overrides-rejected"
MOST_FAULTS = 100


class OverrideProblem(Problem):
    """A problem document about overrides of which none was accepted."""

    verdicts: Annotated[
        OverrideVerdicts | None, Field(description="the verdicts on the rows; missing: not read")
    ] = None


@dataclass(frozen=True)
class Overrides:
    """The overrides of a lake.

    Attributes:
        lake: the lake.
        reasons: the reason codes.
    """

    lake: Lake
    reasons: Sequence[str]

    def store(
        self, rows: Sequence[ReadRow], snapshot: Snapshot, columns: Columns, sender: Sender
    ) -> OverrideVerdicts:
        """Check rows, and append the good ones to gold.overrides in one commit.

        Args:
            rows: what was sent.
            snapshot: the served version.
            columns: forecasts of the version, of at least the pairs of the rows.
            sender: who sends the rows, and when.

        Raises:
            ProblemError: every row is rejected (status 422).
        """
        bounds = bounds_of(stored_profile(self.lake).target_clip)
        later = [("month", ">", snapshot.version.cutoff)]
        stored = current_overrides(read_overrides(self.lake, later))
        rules = Rules(snapshot, columns, stored, bounds, self.reasons)
        checked = check_rows(rows, rules, sender)
        change = append_overrides(self.lake, checked.accepted) if checked.accepted else None
        verdicts = OverrideVerdicts(
            read=len(rows),
            accepted=len(checked.accepted),
            unchanged=checked.unchanged,
            rejected=checked.rejected,
            change=change,
            errors=checked.faults[:MOST_FAULTS],
        )
        if rows and checked.rejected == len(rows):
            raise none_accepted(verdicts)
        return verdicts

    def list_current(self, question: ListQuestion, snapshot: Snapshot) -> list[Override]:
        """List the overrides that count, by shop, item and month."""
        current = current_overrides(read_overrides(self.lake, filters_of(question, snapshot)))
        return [current[cell] for cell in sorted(current)]

    def list_history(self, question: ListQuestion, snapshot: Snapshot) -> list[Override]:
        """List all rows of the ledger, the newest first; withdrawn and replaced ones, too."""
        return read_overrides(self.lake, filters_of(question, snapshot))[::-1]


def filters_of(question: ListQuestion, snapshot: Snapshot) -> Filters:
    """Return the conditions on gold.overrides that a question names."""
    wanted: list[tuple[str, str, object]] = []
    if question.shop_id is not None:
        wanted.append(("shop_id", "=", snapshot.shops.resolve(question.shop_id)))
    if question.item_id is not None:
        wanted.append(("item_id", "=", question.item_id))
    if question.month is not None:
        wanted.append(("month", "=", first_day(question.month)))
    return wanted


def page_of(overrides: Sequence[Override], question: PageQuestion) -> OverridePage:
    """Return a page of overrides; the cursor is the number of rows before the page."""
    start = question.cursor or 0
    end = start + question.limit
    listed = [StoredOverride.of(override) for override in overrides[start:end]]
    return OverridePage(overrides=listed, next=end if end < len(overrides) else None)


def none_accepted(verdicts: OverrideVerdicts) -> ProblemError:
    """Build the error of overrides that are all rejected, status 422."""
    document = OverrideProblem(
        type=NONE_ACCEPTED,
        title="No override is accepted",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        detail=f"All {verdicts.read} rows are rejected; mend and send them again.",
        verdicts=verdicts,
    )
    return ProblemError(document)
