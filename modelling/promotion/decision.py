"""Promotion decisions: promote, refuse or roll back the champion of one horizon."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.stored import stored_profile
from lakehouse.progress import progress
from modelling.estimators.soundness import UnsoundForecastError
from modelling.promotion.champions import (
    FORCED,
    FOUND,
    PROMOTED,
    REFUSED,
    ROLLED_BACK,
    UP_TO_DATE,
    Outcome,
    Settlement,
    reign,
    same_refusal,
    settle,
    was_rolled_back,
)
from modelling.promotion.comparison import Contest
from modelling.promotion.gate import CANDIDATE, CHAMPION, EVERY_ROW
from modelling.promotion.history import as_figures, decisions, record
from modelling.registry.model_files import AlteredModelError
from modelling.registry.recipe import Recipe
from modelling.registry.registry import Registered, Registry
from modelling.registry.tracking import Tracking

STRANGER = " Not compared with the champion, whose features or recipe are not as they were."
UNSOUND = " Not compared with the champion, whose forecasts are not what a model owes."
MOVING = (PROMOTED, FORCED, ROLLED_BACK)


@dataclass(frozen=True)
class Promotion:
    """Decides about the champions of a lake.

    Attributes:
        context: the job's context.
        lake: the lake whose champions are decided about.
        folds: number of cutoffs on which candidate and champion are compared.
        workers: tasks that train together; None: every task slot.
        horizons: the horizons that this run decides about.
    """

    context: Context
    lake: Lake
    folds: int
    workers: int | None
    horizons: tuple[int, ...]

    @cached_property
    def tracking(self) -> Tracking:
        """The lake's MLflow runs."""
        return Tracking(self.context, self.lake)

    @cached_property
    def registry(self) -> Registry:
        """The lake's registered models in MLflow."""
        return Registry(self.tracking)

    def require_other(self, horizon: int, *, is_back: bool) -> None:
        """Check that a horizon has a version to promote or to roll back to.

        The check first makes history and alias agree. The exception is a roll-back after an
        interrupted decision: nothing is checked, since ``roll_back`` must complete that decision.

        Raises:
            RefusedError: the horizon has no candidate; run jobs.train. For a roll-back: the horizon
                has no earlier champion.
        """
        if not is_back:
            self.settled(horizon)
            self.candidate(horizon)
        elif not self.settlement(horizon).moves_alias:
            self.before(horizon, self.settled(horizon))

    def candidate(self, horizon: int) -> Registered:
        """Return the candidate of a horizon.

        Raises:
            RefusedError: the horizon has no candidate; run jobs.train.
        """
        found = self.registry.aliased(CANDIDATE, horizon)
        if found is None:
            raise RefusedError(
                f"{self.registry.name(horizon)}: no candidate; run jobs.train --horizons {horizon}."
            )
        return found

    def before(self, horizon: int, champion: str | None) -> Registered:
        """Return the champion that preceded a champion.

        Raises:
            RefusedError: no champion preceded it, or MLflow has lost the earlier version.
        """
        earlier = [one for one in reign(decisions(self.lake, horizon)) if one != champion]
        if champion is None or not earlier:
            raise RefusedError(
                f"{self.registry.name(horizon)}: no champion before "
                f"{'version ' + champion if champion else 'this: there is none'}; nothing to roll "
                "back to."
            )
        return self.registry.version(earlier[-1], horizon)

    def promote(self, horizon: int, forced: str | None = None) -> Outcome:
        """Promote the candidate if the gate accepts the candidate's errors, and record the outcome.

        Args:
            horizon: the horizon of the candidate, months.
            forced: the reason to promote without the gate; None: the gate decides.

        Raises:
            RefusedError: the horizon has no candidate, or the candidate reads features that are not
                declared; run jobs.train.
        """
        champion = self.settled(horizon)
        candidate = self.candidate(horizon)
        if candidate.version == champion:
            reason = f"version {champion} is the champion already."
            return Outcome(UP_TO_DATE, candidate.version, champion, reason)
        if forced is not None:
            outcome = Outcome(FORCED, candidate.version, candidate.version, forced)
            return self.write(horizon, outcome, champion)
        if was_rolled_back(decisions(self.lake, horizon), candidate.version):
            reason = (
                f"version {candidate.version} was rolled back and comes back by --force --reason "
                "TEXT alone; jobs.train makes another once data, parameters or code change."
            )
            return Outcome(REFUSED, candidate.version, champion, reason)
        return self.challenge(horizon, candidate, champion)

    def challenge(self, horizon: int, candidate: Registered, champion: str | None) -> Outcome:
        """Compare candidate and champion on the same folds, and record the gate's decision."""
        contest = Contest.of(self.context, self.lake, self.folds, self.workers, self.horizons)
        able, note = self.entrants(contest, horizon, candidate, champion)
        rules = stored_profile(self.lake).gate
        inputs = log.digest(
            [{name: contest.inputs(recipe) for name, recipe in able.items()}, rules.model_dump()]
        )
        try:
            verdict, scores = contest.verdict(able, rules)
        except UnsoundForecastError as error:
            outcome, figures = Outcome(REFUSED, candidate.version, champion, str(error)), None
        else:
            is_unsound = CHAMPION in able and CHAMPION not in scores[EVERY_ROW]
            outcome = Outcome(
                PROMOTED if verdict.is_accepted else REFUSED,
                candidate.version,
                candidate.version if verdict.is_accepted else champion,
                verdict.reason + (UNSOUND if is_unsound else note),
                verdict.table,
            )
            figures = as_figures(scores)
        if not same_refusal(decisions(self.lake, horizon), candidate.version, inputs):
            self.write(horizon, outcome, champion, figures, inputs)
        return outcome

    def entrants(
        self, contest: Contest, horizon: int, candidate: Registered, champion: str | None
    ) -> tuple[dict[str, Recipe], str]:
        """Return the recipes to compare, and a note if the champion's recipe cannot be refitted.

        Raises:
            RefusedError: the candidate reads features that are not declared; run jobs.train.
        """
        recipes = {CANDIDATE: self.tracking.recipe(candidate.run)}
        if champion is not None:
            recipes[CHAMPION] = self.champions_recipe(champion, horizon)
        able = {name: recipe for name, recipe in recipes.items() if contest.can_enter(recipe)}
        if CANDIDATE not in able:
            raise RefusedError(
                f"{self.registry.name(horizon)}: version {candidate.version} reads features that "
                f"are not declared; run jobs.train --horizons {horizon}."
            )
        return able, "" if len(able) == len(recipes) else STRANGER

    def champions_recipe(self, champion: str, horizon: int) -> Recipe | None:
        """Return the champion's recipe; None: no recipe was kept, or it was altered later."""
        try:
            return self.tracking.recipe(self.registry.version(champion, horizon).run)
        except AlteredModelError as error:
            progress("promote: %s", error)
            return None

    def roll_back(self, horizon: int, why: str | None) -> Outcome:
        """Restore the previous champion of a horizon.

        If an earlier roll-back was interrupted, the method only completes the earlier roll-back.

        Raises:
            RefusedError: the horizon has no earlier champion, or MLflow has lost the version.
        """
        history = decisions(self.lake, horizon)
        was_cut_off = self.settlement(horizon).moves_alias
        champion = self.settled(horizon)
        if was_cut_off and history[-1]["decision"] == ROLLED_BACK:
            return Outcome(ROLLED_BACK, history[-1]["candidate"], champion, history[-1]["reason"])
        earlier = self.before(horizon, champion).version
        reason = why or "rolled back by hand."
        outcome = Outcome(ROLLED_BACK, str(champion), earlier, reason)
        return self.write(horizon, outcome, champion)

    def settlement(self, horizon: int) -> Settlement:
        """Return the repair that makes a horizon's history and MLflow alias agree."""
        named = self.registry.aliased(CHAMPION, horizon)
        return settle(decisions(self.lake, horizon), named.version if named else None)

    def settled(self, horizon: int) -> str | None:
        """Make history and alias agree, and return the champion's version; None: no champion."""
        found = self.settlement(horizon)
        if found.moves_alias and found.champion is not None:
            progress("promote: completing the decision that was cut off")
            self.registry.set_champion(found.champion, horizon)
        if found.is_foreign and found.champion is not None:
            reason = "the alias was set by something other than jobs.promote."
            history = decisions(self.lake, horizon)
            before = history[-1]["champion_after"] if history else None
            self.write(horizon, Outcome(FOUND, found.champion, found.champion, reason), before)
        return found.champion

    def write(
        self,
        horizon: int,
        outcome: Outcome,
        before: str | None,
        figures: str | None = None,
        inputs: str = "",
    ) -> Outcome:
        """Append a decision to gold.model_history, then move the alias if the champion changes.

        The time of the decision is later than the time of every earlier decision of the horizon,
        even if the clock went back: ``decided_at`` orders the history.
        """
        history = decisions(self.lake, horizon)
        at = self.context.now
        if history:
            at = max(at, history[-1]["decided_at"] + timedelta(microseconds=1))
        record(
            self.lake,
            {
                "decided_at": at,
                "horizon": horizon,
                "decision": outcome.decision,
                "candidate": outcome.candidate,
                "champion": before,
                "champion_after": outcome.champion,
                "reason": outcome.reason,
                "figures": figures,
                "inputs": inputs,
            },
        )
        if outcome.decision in MOVING and outcome.champion is not None:
            self.registry.set_champion(outcome.champion, horizon)
        return outcome
