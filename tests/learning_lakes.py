"""Small lakes whose models learn in a second: few rounds, shallow trees."""

from datetime import date
from pathlib import Path

from builders import profile
from small_lakes import assemble_panels, random_sales, small_lake

from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.model import IntervalsConfig, ModelConfig

HISTORY = MonthRange(date(2014, 1, 1), date(2015, 7, 1))
SMALL = ModelConfig(rounds=6, max_depth=2, min_child_weight=1, intervals=IntervalsConfig(rounds=0))


def learning_lake(folder: Path, horizons: str = "1") -> Lake:
    """Make a lake with panels; its last closed month is June 2015."""
    meaning = profile().model_copy(update={"model": SMALL})
    lake = small_lake(folder, random_sales(3, 900, HISTORY), meaning, months=HISTORY)
    assemble_panels(lake, horizons)
    return lake
