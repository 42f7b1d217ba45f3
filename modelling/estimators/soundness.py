"""Soundness checks: what every model must return for panel rows, checked before any use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from features.group import ITEM, SHOP
from lakehouse.errors import RefusedError
from modelling.estimators.predict import COLUMNS
from modelling.estimators.quantiles import QUANTILES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Row

Bounds = tuple[float, float]
KEY = (SHOP, ITEM, "month")
MOST_NAMED = 3
ROW_FAULT = (
    "CASE WHEN asked = 0 THEN 'not asked for' WHEN returned = 0 THEN 'without a forecast' "
    "WHEN returned > asked THEN 'forecast more than once' END"
)


class UnsoundForecastError(RefusedError):
    """A model broke the contract of forecasts; no forecast of the model is used."""


def require_sound(
    asked: "DataFrame", returned: "DataFrame", models: Sequence[str], bounds: Bounds
) -> None:
    """Check forecasts: exactly the rows asked for, finite, within bounds, quantiles in order.

    Args:
        asked: ``[shop_id, item_id, month, …]``, unique: the rows that models were asked for.
        returned: ``[shop_id, item_id, month, *models]``, a column per model, made by
            ``metrics.forecast_column``; read once, and once more to name rows in a refusal.
        models: names of the model columns in ``returned``.
        bounds: the least and the greatest forecast, units.

    Raises:
        UnsoundForecastError: a row is missing, doubled or was not asked for, or a row has a number
            that is null, not finite or out of bounds, or quantiles that decrease. The error names
            each model, the number of rows, the fault and the first rows; mend the estimator.
    """
    faults = list_faults(asked, returned, models, bounds)
    counts = faults.groupBy("model", "fault").count().orderBy("model", "fault").collect()
    if counts:
        first = faults.select(*KEY).distinct().orderBy(*KEY).limit(MOST_NAMED).collect()
        raise UnsoundForecastError(write_refusal(counts, first))


def list_faults(
    asked: "DataFrame", returned: "DataFrame", models: Sequence[str], bounds: Bounds
) -> "DataFrame":
    """List the faults that ``require_sound`` refuses: ``[shop_id, item_id, month, model, fault]``.

    A row per pair, month and model with a fault; ``fault`` is not null.
    """
    of_models = name_faults({model: number_fault(model, bounds) for model in models})
    no, yes = F.lit(0), F.lit(1)
    rows_asked = asked.select(*KEY, yes.alias("asked"), no.alias("returned"))
    rows_returned = returned.select(
        *KEY, no.alias("asked"), yes.alias("returned"), of_models.alias("faults")
    )
    rows = rows_asked.unionByName(rows_returned, allowMissingColumns=True).groupBy(*KEY)
    counted = rows.agg(
        F.sum("asked").alias("asked"),
        F.sum("returned").alias("returned"),
        F.first("faults", ignorenulls=True).alias("faults"),
    )
    of_row = F.expr(ROW_FAULT)
    faults = F.when(of_row.isNull(), F.col("faults")).otherwise(
        name_faults(dict.fromkeys(models, of_row))
    )
    return counted.select(*KEY, F.inline(faults)).where("fault IS NOT NULL")


def name_faults(faults: "dict[str, Column]") -> "Column":
    """Make an array column of ``(model, fault)``; a null fault means no fault."""
    return F.array(
        *(F.struct(F.lit(m).alias("model"), fault.alias("fault")) for m, fault in faults.items())
    )


def number_fault(model: str, bounds: Bounds) -> "Column":
    """Name the fault in one model's forecast and quantiles of a row; null: no fault."""
    listed = ", ".join(f"`{model}`.{name}" for name in QUANTILES)
    quantiles = f"filter(array({listed}), q -> q IS NOT NULL)"
    units, outside = f"`{model}`.forecast", f"outside [{bounds[0]:g}, {bounds[1]:g}]"
    return F.expr(
        f"CASE WHEN {units} IS NULL THEN 'null' "
        f"WHEN isnan({units}) OR abs({units}) = float('inf') THEN 'not finite' "
        f"WHEN NOT ({is_within(units, bounds)}) THEN '{outside}' "
        f"WHEN NOT forall({quantiles}, q -> {is_within('q', bounds)}) "
        f"THEN 'with a quantile not finite or {outside}' "
        f"WHEN {quantiles} <> array_sort({quantiles}) THEN 'with quantiles that decrease' END"
    )


def is_within(value: str, bounds: Bounds) -> str:
    """Write the SQL condition that a FLOAT is finite and within bounds.

    Spark orders NaN above every number, so the condition "below infinity" excludes NaN, too.
    """
    low, high = (f"float('{bound}')" for bound in bounds)
    return f"{value} >= {low} AND {value} <= {high} AND {value} < float('inf')"


def write_refusal(counts: "Sequence[Row]", first: "Sequence[Row]") -> str:
    """Write the refusal: rows and fault per model, the first rows, and the remedy."""
    listed = ", ".join(f"{row['model']}: {row['count']} {row['fault']}" for row in counts)
    named = "; ".join(f"shop {r[SHOP]}, item {r[ITEM]}, {r['month']:%Y-%m}" for r in first)
    return (
        f"A model returned invalid forecasts: {listed} (first: {named}); no forecast is kept. "
        "Correct the estimator (docs/explanation/estimators.md), then run jobs.train and "
        "jobs.promote, or restore the previous champion by jobs.promote --rollback."
    )


def require_columns(predicted: "DataFrame", model: str) -> None:
    """Check that a model returned the key and the forecast columns.

    Raises:
        UnsoundForecastError: a column is missing; the error names the missing columns.
    """
    missing = [column for column in (*KEY, *COLUMNS) if column not in predicted.columns]
    if missing:
        raise UnsoundForecastError(
            f"{model}: predict returned no column {', '.join(missing)}; a model must return the "
            f"columns of the rows, and {', '.join(COLUMNS)} (docs/explanation/estimators.md)."
        )
