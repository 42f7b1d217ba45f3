"""Champion label: the MLflow alias that shows the champion of gold.model_history in MLflow."""

from modelling.promotion.champions import History
from modelling.promotion.history import ROLLED_BACK
from modelling.registry.registry import CHAMPION, Registry


def label_champion(registry: Registry, horizon: int, champion: str | None) -> None:
    """Move the alias to the champion, unless the alias is right or MLflow has lost the version."""
    if champion is None or registry.find(champion, horizon) is None:
        return
    labelled = registry.aliased(CHAMPION, horizon)
    if labelled is None or labelled.version != champion:
        registry.label_champion(champion, horizon)


def is_cut_off(registry: Registry, history: History) -> bool:
    """Check whether the newest decision is a roll-back whose label was not written.

    The label decides nothing about champions: it shows that the process died. Whoever runs a killed
    ``--rollback`` again wants one step back, not two.
    """
    if not history or history[-1].decision != ROLLED_BACK:
        return False
    labelled = registry.aliased(CHAMPION, history[-1].horizon)
    return labelled is not None and labelled.version == history[-1].champion
