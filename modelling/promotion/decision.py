"""Promotion decisions: promote, refuse or roll back the champion of one horizon."""

from dataclasses import dataclass, replace
from functools import cached_property

from ingestion.lake_months import closed_months
from lakehouse.context import Context
from lakehouse.delta import log
from lakehouse.errors import RefusedError
from lakehouse.lake import Lake
from lakehouse.profile.profile import Profile
from lakehouse.progress import progress
from modelling.estimators.soundness import UnsoundForecastError
from modelling.promotion.champions import (
    History,
    champion_of,
    is_same_refusal,
    list_restorable,
    was_rolled_back,
)
from modelling.promotion.comparison import Comparison, PromotionSpec
from modelling.promotion.gate import CANDIDATE, CHAMPION, EVERY_ROW
from modelling.promotion.history import (
    FORCED,
    PROMOTED,
    ROLLED_BACK,
    UP_TO_DATE,
    Decision,
    append_decision,
    as_figures,
    decisions,
    draft,
)
from modelling.promotion.label import is_cut_off, label_champion
from modelling.registry.model_files import AlteredModelError
from modelling.registry.recipe import Recipe
from modelling.registry.registry import Registered, Registry
from modelling.registry.tracking import Tracking

CHAMPION_NOT_COMPARABLE = (
    " Not compared with the champion, whose recipe is missing or altered, or names features or "
    "parameters that this program no longer has."
)
CHAMPION_UNSOUND = (
    " Not compared with the champion, whose forecasts are missing, not finite or out of bounds."
)


@dataclass(frozen=True)
class Promotion:
    """Decides about the champions of a lake.

    Attributes:
        context: the job's context.
        lake: the lake whose champions are decided about.
        profile: the lake's profile.
        spec: the folds, workers and horizons of the promotion.
    """

    context: Context
    lake: Lake
    profile: Profile
    spec: PromotionSpec

    @cached_property
    def tracking(self) -> Tracking:
        """The lake's MLflow runs."""
        return Tracking(self.context, self.lake, self.profile)

    @cached_property
    def registry(self) -> Registry:
        """The lake's registered models in MLflow."""
        return Registry(self.tracking)

    @cached_property
    def comparison(self) -> Comparison:
        """The folds on which candidates and champions are compared."""
        closed = closed_months(self.lake)
        return Comparison(self.context, self.lake, self.profile, closed, self.spec)

    def require_other(self, horizon: int, *, is_back: bool) -> None:
        """Check that a horizon has a version to promote or to roll back to.

        A roll-back that was cut off passes: ``roll_back`` only completes it.

        Raises:
            RefusedError: the horizon has no candidate; run jobs.train. For a roll-back: the horizon
                has no earlier champion.
        """
        history = decisions(self.lake, horizon)
        if not is_back:
            self.candidate(horizon)
        elif not is_cut_off(self.registry, history):
            self.previous_champion(horizon, history)

    def candidate(self, horizon: int) -> Registered:
        """Return the candidate of a horizon.

        Raises:
            RefusedError: the horizon has no candidate; run jobs.train.
        """
        candidate = self.registry.aliased(CANDIDATE, horizon)
        if candidate is None:
            raise RefusedError(
                f"{self.registry.name(horizon)}: no candidate; run jobs.train --horizons {horizon}."
            )
        return candidate

    def previous_champion(self, horizon: int, history: History) -> Registered:
        """Return the champion before the present one.

        Raises:
            RefusedError: the present champion has none before it, or MLflow has lost the version.
        """
        champion, earlier = champion_of(history), list_restorable(history)[:-1]
        if champion is None or not earlier:
            raise RefusedError(
                f"{self.registry.name(horizon)}: no champion before "
                f"{f'version {champion}' if champion else 'now'}; nothing to roll back to."
            )
        return self.registry.version(earlier[-1], horizon)

    def promote(self, horizon: int, forced: str | None = None) -> Decision:
        """Promote the candidate if the gate accepts its errors, and record the decision.

        Args:
            horizon: the horizon of the candidate, months.
            forced: the reason to promote without the gate; None: the gate decides.

        Raises:
            RefusedError: the horizon has no candidate, or the candidate reads features that are not
                declared; run jobs.train.
        """
        history, candidate = decisions(self.lake, horizon), self.candidate(horizon)
        champion, version = champion_of(history), candidate.version
        refusal = draft(history, horizon, version, self.context.now)
        if version == champion:
            reason = f"version {champion} is the champion already."
            decision = replace(refusal, decision=UP_TO_DATE, reason=reason)
        elif forced is not None:
            decision = replace(refusal, decision=FORCED, champion_after=version, reason=forced)
            append_decision(self.lake, decision)
        elif was_rolled_back(history, version):
            reason = (
                f"version {version} was rolled back and comes back by --force --reason TEXT alone; "
                "jobs.train makes another once data, parameters or code change."
            )
            decision = replace(refusal, reason=reason)
        else:
            decision = self.challenge(candidate, history, refusal)
        label_champion(self.registry, horizon, decision.champion_after)
        return decision

    def challenge(self, candidate: Registered, history: History, refusal: Decision) -> Decision:
        """Compare candidate and champion on the same folds, and record the gate's decision.

        Args:
            candidate: the registered version of the candidate.
            history: decisions about the horizon, oldest first.
            refusal: the decision to record unless the gate accepts the candidate.
        """
        recipes, note = self.contenders(candidate, refusal)
        compared = {name: self.comparison.inputs(recipe) for name, recipe in recipes.items()}
        inputs = log.digest([compared, self.profile.gate.model_dump()])
        try:
            verdict, scores = self.comparison.verdict(recipes)
        except UnsoundForecastError as error:
            decision = replace(refusal, reason=str(error), inputs=inputs)
        else:
            progress("horizon %d:%s", refusal.horizon, verdict.table)
            if CHAMPION in recipes and CHAMPION not in scores[EVERY_ROW]:
                note = CHAMPION_UNSOUND
            decision = replace(
                refusal, reason=verdict.reason + note, figures=as_figures(scores), inputs=inputs
            )
            if verdict.is_accepted:
                decision = replace(decision, decision=PROMOTED, champion_after=candidate.version)
        if not is_same_refusal(history, candidate.version, inputs):
            append_decision(self.lake, decision)
        return decision

    def contenders(self, candidate: Registered, refusal: Decision) -> tuple[dict[str, Recipe], str]:
        """Return the recipes to compare, and a note if the champion's recipe cannot be refitted.

        Raises:
            RefusedError: the candidate reads features that are not declared; run jobs.train.
        """
        horizon, recipes = refusal.horizon, {CANDIDATE: self.tracking.recipe(candidate.run)}
        if refusal.champion is not None:
            recipes[CHAMPION] = self.champions_recipe(refusal.champion, horizon)
        refitted = {n: recipe for n, recipe in recipes.items() if self.comparison.can_refit(recipe)}
        if CANDIDATE not in refitted:
            raise RefusedError(
                f"{self.registry.name(horizon)}: version {candidate.version} reads features that "
                f"are not declared; run jobs.train --horizons {horizon}."
            )
        return refitted, "" if len(refitted) == len(recipes) else CHAMPION_NOT_COMPARABLE

    def champions_recipe(self, champion: str, horizon: int) -> Recipe | None:
        """Return the champion's recipe; None: the recipe or the version is lost, or was altered."""
        registered = self.registry.find(champion, horizon)
        try:
            return None if registered is None else self.tracking.recipe(registered.run)
        except AlteredModelError as error:
            progress("promote: %s", error)
            return None

    def roll_back(self, horizon: int, why: str | None) -> Decision:
        """Restore the previous champion of a horizon.

        If an earlier roll-back was cut off, this call only completes the earlier roll-back.

        Raises:
            RefusedError: the horizon has no earlier champion, or MLflow has lost the version.
        """
        history = decisions(self.lake, horizon)
        if is_cut_off(self.registry, history):
            progress("promote: completing the roll-back that was cut off")
            decision = history[-1]
        else:
            earlier = self.previous_champion(horizon, history).version
            decision = replace(
                draft(history, horizon, str(champion_of(history)), self.context.now),
                decision=ROLLED_BACK,
                champion_after=earlier,
                reason=why or "rolled back by hand.",
            )
            append_decision(self.lake, decision)
        label_champion(self.registry, horizon, decision.champion_after)
        return decision
