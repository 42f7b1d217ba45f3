"""What is cut off: every point before a write, by what writes it (tests/jobs/test_kills.py).

tests/architecture/test_writes.py compares this list with the code.
"""

import re
from collections.abc import Iterable

REPORT = re.compile("reports/.*")
INPUTS = ("promotions", "planned_prices", "stock_outs", "shop_dates", "delistings")
GROUPS = ("shop_item", "item", "shop_category", "shop", "category")
COPIED = (
    *("overrides", "shops", "items", "categories", "months", "monthly_sales", "daily_sales"),
    *("forecasts", "forecast_versions", "forecast_scores"),
)
FILES = (
    "lake.json",
    "bronze/catalogue_events",
    "bronze/rejected_sales",
    "bronze/sales_events",
    "bronze/source_files",
    "bronze/sources",
    "silver/daily_offers",
    "silver/daily_sales",
    "silver/items",
    "silver/months",
    "silver/shops",
    *(f"silver/{name}" for name in INPUTS),
    *(f"silver/monthly_{group}" for group in GROUPS),
    *(f"gold/features_{group}" for group in GROUPS),
    "gold/feature_skew",
    "gold/panel",
)
CASES: dict[str, tuple[str, ...]] = {
    "files": FILES,
    "records": (
        "lake.json",
        "shopcast.json",
        "bronze/sales_events",
        "bronze/rejected_sales",
        "silver/daily_sales",
        "silver/daily_sales property",
        "silver/replaced_days",
        "silver/sale_months",
    ),
    # tests/ingestion/test_erasure_cut_off.py
    "erasure": (
        "lake.json removal",
        "known_at removal",
        "bronze/catalogue_events",
        "bronze/erasures",
        "bronze/rejected_sales",
        "bronze/sales_events",
        "silver/daily_sales",
        "silver/months",
        "silver/shops",
    ),
    "models": (
        "gold/backtests",
        "reports/…",
        "model shopcast-sample",
        "candidate shopcast-sample",
        "champion shopcast-sample",
        "gold/model_files",
        "gold/model_history",
        "gold/forecasts",
        "gold/forecast_versions",
        "gold/forecast_scores",
        "silver/months",
    ),
    "upkeep": (
        "silver/daily_sales compaction",
        "silver/daily_sales vacuum",
        "silver/monthly_gone removal",
    ),
    # tests/jobs/test_tune.py
    "studies": ("gold/tunings",),
    # tests/cli/test_job_runs.py
    "runs": ("gold/job_runs",),
    # tests/jobs/test_check_drift.py
    "drift": ("gold/drift",),
    # tests/lakehouse/test_month_states.py
    "older tables": ("silver/counted states",),
    # tests/publishing/test_publication.py
    "postgresql": (
        "postgresql claim",
        "postgresql tables",
        *(f"postgresql {table}" for table in COPIED),
        "postgresql role",
        "postgresql grants",
        "postgresql attachment",
        "postgresql publication",
        "postgresql removal",
    ),
    # tests/publishing/test_item_documents.py
    "mongodb": (
        "mongodb claim",
        "mongodb items",
        "mongodb publication",
        "mongodb removal",
    ),
    # tests/forecasting/test_override_scores.py
    "overrides": ("gold/overrides", "gold/override_scores"),
    # tests/jobs/test_known_at.py
    "replay": ("bronze removal", "silver removal"),
}
# A table is made, takes its checks and a checkpoint wherever it is written.
OF_EVERY_TABLE = (" is made", " checks", " checkpoint")


def missing(killed: Iterable[str], listed: Iterable[str]) -> list[str]:
    """Return the points that were cut off and are not listed, or the other way round."""
    points = {point.removeprefix("before ") for point in killed}
    return sorted({p for p in points if not p.endswith(OF_EVERY_TABLE)} ^ set(listed))
