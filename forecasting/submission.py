"""Competition submission: forecasts of listed pairs as CSV with ID and item_cnt_month."""

from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from features.group import ITEM, SHOP
from lakehouse.errors import SourceError
from lakehouse.storage import filesystem, normal_uri

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ID, COUNT = "ID", "item_cnt_month"
PLAIN = pa_csv.WriteOptions(quoting_style="none", quoting_header="none")


def write_submission(forecasts: "DataFrame", pairs: "DataFrame", file: str) -> int:
    """Write the forecasts of pairs to a CSV file, ordered by ID.

    The driver collects all rows: a submission is small, with two numbers per row.

    Args:
        forecasts: ``[shop_id, item_id, units]``, unique on the pair. A pair without a forecast,
            such as one with an unknown shop or item, gets 0 units.
        pairs: ``[ID, shop_id, item_id]``, aliases resolved.
        file: path or URI of the CSV file.

    Returns:
        The number of rows written.

    Raises:
        SourceError: the pairs have no column ID; add the column to the file of pairs.
        ValueError: a forecast is not a finite number; the soundness checks exclude such forecasts.
    """
    if ID not in pairs.columns:
        raise SourceError(
            f"--submission: the pairs have no column {ID}, only {pairs.columns}; add {ID}."
        )
    joined = pairs.join(forecasts, on=[SHOP, ITEM], how="left")
    ordered = joined.selectExpr(
        f"CAST({ID} AS BIGINT) AS {ID}", f"coalesce(units, 0) AS {COUNT}"
    ).orderBy(ID)
    rows = ordered.toArrow()
    if not pc.all(pc.is_finite(rows[COUNT]), min_count=0).as_py():
        raise ValueError(f"{file}: a forecast is not a finite number")
    folder, _, name = normal_uri(file).rpartition("/")
    with filesystem(folder).open_output_stream(name) as stream:
        pa_csv.write_csv(rows, stream, PLAIN)
    return int(rows.num_rows)
