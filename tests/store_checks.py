"""What a lake in an object store must keep, whichever store it is."""

from concurrent.futures import ThreadPoolExecutor

from builders import events, profile, record
from job_runs import NOW, run
from lakes import rows
from small_lakes import no_spark

from feature_store.build import Build
from ingestion.sales.intake import merge_few_sales
from ingestion.sales.span import extend_months
from jobs import maintain
from lakehouse.delta import creation
from lakehouse.delta.arrow import append_rows
from lakehouse.lake import Lake
from lakehouse.profile.stored import claim_lake
from lakehouse.tables.bronze import SALES_EVENTS
from lakehouse.tables.silver import DAILY_OFFERS, DAILY_SALES, ITEMS, SHOPS

WRITERS, COMMITS = 4, 5


def check_same_as_in_a_folder(stored: Lake, folder: Lake) -> None:
    """Take sales in, build and maintain in both places, and compare the tables."""
    sales = [record(date=f"2015-0{month}-07", item_id=i) for month in (1, 2, 3) for i in "abc"]
    for lake in (stored, folder):
        claim_lake(lake, profile())
        for table in (SHOPS, ITEMS, DAILY_OFFERS):
            creation.create_table(lake, table)
        for half in (sales[:5], sales[3:]):
            received = events(*half, source=str(len(half)))
            append_rows(lake, SALES_EVENTS, received)
            merge_few_sales(lake, received, profile())
        extend_months(lake, NOW)
        Build.of(lake, no_spark).run()
        assert run(maintain.JOB, "--lake", lake.root, "--retain-hours", 0, "--files", 1)[0] == 0
    for path in (SALES_EVENTS, DAILY_SALES):
        assert rows(stored, path) == rows(folder, path)
    assert len(rows(stored, DAILY_SALES)) == len(sales)


def check_no_commit_is_lost(lake: Lake) -> None:
    """Append to a table by several writers at the same time, and look for every row.

    The store refuses a version that another writer has written meanwhile.
    """
    creation.create_table(lake, SALES_EVENTS)

    def write(writer: int) -> None:
        for number in range(COMMITS):
            append_rows(lake, SALES_EVENTS, events(b"{}", source=str(writer), offsets=[number]))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    expected = [(str(w), number) for w in range(WRITERS) for number in range(COMMITS)]
    assert rows(lake, SALES_EVENTS, "source", "offset") == sorted(expected, key=str)
