"""Summary of a pipeline run: the result lines of its steps → the lines that a person reads last."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

import pyarrow.compute as pc

from lakehouse.delta.arrow import read_table
from lakehouse.lake import Lake
from lakehouse.storage import is_local, local_path
from lakehouse.tables.gold import FORECASTS
from modelling.estimators.baselines import BASELINES

Figures = Mapping[str, Any]
NAIVE = {baseline.name for baseline in BASELINES}
MOST_REASONS = 5


@dataclass(frozen=True)
class Pair:
    """A shop and an item.

    Attributes:
        shop_id: id of the shop.
        item_id: id of the item.
    """

    shop_id: str
    item_id: str


def summarise_run(results: Mapping[str, Figures], lake: Lake, url: str) -> str:
    """Write a titled line for each thing that the run did, and the command to try next.

    Args:
        results: name of a step → fields of the step's result line.
        lake: the lake of the run.
        url: where the API serves the lake's forecasts.
    """
    ingested, made = results["ingest_history"], results["forecast"]
    pair = example_pair(lake, made["version"])
    lines = {
        "came in": came_in(ingested),
        "rejected": rejected(ingested),
        "months": months(ingested, results["close_month"]),
        "model": model_error(results["backtest"]),
        "champion": champions(results["promote"]),
        "forecasts": forecasts(made),
        "left": left(made.get("left")),
        "retrain": retrain(results["score_forecasts"]),
        "time": times(results),
        "report": shown(results["backtest"]["report"]),
        "serve": f"python -m serving --lake {shown(lake.root)}   (make run does so now)",
        "then ask": f"curl '{url}/predict?{urlencode(asdict(pair))}'",
    }
    return "\n" + "\n".join(f"  {title:<10} {text}" for title, text in lines.items() if text)


def shown(uri: str) -> str:
    """Write a local URI as the path that a terminal opens."""
    return str(local_path(uri)) if is_local(uri) else uri


def came_in(ingested: Figures) -> str:
    """Count the records of new files by what became of each."""
    if not ingested["files"]:
        return f"nothing new: all {ingested['files_skipped']} files of sales were read before"
    kinds = {"live": "sales", "superseded": "superseded", "not_a_sale": "on offer without a sale"}
    kinds |= {"tombstones": "cancelled", "rejected": "rejected"}
    counts = [f"{ingested[end]:,} {text}" for end, text in kinds.items() if ingested[end]]
    files = "1 file" if ingested["files"] == 1 else f"{ingested['files']} files"
    return f"{ingested['received']:,} records of {files}: {', '.join(counts)}"


def rejected(ingested: Figures) -> str:
    """Count the rejected records by the checks that they broke, the most frequent first."""
    reasons = sorted(ingested["rejected_by_reason"].items(), key=lambda entry: -entry[1])
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons[:MOST_REASONS])


def months(ingested: Figures, closing: Figures) -> str:
    """Name the lake's months, and why a month stays open."""
    open_month = closing.get("open_month", ingested["open_month"])
    incomplete = [
        f"; {month} stays open: {'; '.join(texts)}"
        for month, texts in closing.get("incomplete", {}).items()
    ]
    return f"{ingested['first_month']} to {open_month}, which is open{''.join(incomplete)}"


def model_error(backtest: Figures) -> str:
    """Compare the best model with the best naive forecast on the backtest's months."""
    errors = {name: score["rmse"] for name, score in backtest["overall"].items()}
    naive = min(NAIVE & set(errors), key=errors.__getitem__)
    model = min(set(errors) - NAIVE, key=errors.__getitem__)
    change = 1 - errors[model] / errors[naive] if errors[naive] else 0.0
    word = "less than" if change >= 0 else "more than"
    return (
        f"{model}: RMSE {errors[model]:.3f} units on {backtest['folds']} past months, "
        f"{abs(change):.0%} {word} the best naive forecast ({naive}: {errors[naive]:.3f})"
    )


def champions(promotion: Figures) -> str:
    """Name the champion of each horizon, and whether the candidate was refused."""
    return "; ".join(
        f"horizon {horizon}: version {outcome['champion']} ({outcome['decision']})"
        for horizon, outcome in promotion["horizons"].items()
    )


def forecasts(made: Figures) -> str:
    """Count the published forecasts, and name the version."""
    if not made["published"]:
        return f"{made['rows']:,} of version {made['version']}, published before: nothing changed"
    return f"{made['rows']:,} from {made['month']:%Y-%m} on, version {made['version']}"


def left(departures: Figures | None) -> str:
    """Count the shops, pairs and units that left the assortment since the previous version."""
    if departures is None:
        return ""
    counts = (
        f"{departures['shops']} shops, {departures['pairs']} pairs, {departures['units']} units"
    )
    return f"{counts} are no longer forecast, since version {departures['version']}"


def retrain(scores: Figures) -> str:
    """Give the reasons for training a new model; empty: none."""
    return "; ".join(map(str, scores["reasons"])) if scores["retrain_due"] else ""


def times(results: Mapping[str, Figures]) -> str:
    """Sum the seconds of the steps, and name the three longest."""
    seconds = {name: result["seconds"] for name, result in results.items()}
    longest = sorted(seconds, key=seconds.__getitem__, reverse=True)[:3]
    parts = ", ".join(f"{name} {seconds[name]:.0f} s" for name in longest)
    return f"{sum(seconds.values()):.0f} s, of which {parts}"


def example_pair(lake: Lake, version: str) -> Pair:
    """Return the pair with the greatest forecast of a version."""
    of_version = [("version", "=", version)]
    rows = read_table(lake, FORECASTS, ["shop_id", "item_id", "units"], of_version)
    greatest = pc.index(rows["units"], pc.max(rows["units"])).as_py()
    return Pair(rows["shop_id"][greatest].as_py(), rows["item_id"][greatest].as_py())
