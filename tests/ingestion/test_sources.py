from pathlib import Path

import pytest
from builders import data_folder, profile, sale_line, sales_text

from ingestion.files.sources import find_sources
from lakehouse.errors import SourceError

SALES = sales_text(sale_line())


def test_sales_files_are_found_by_pattern_in_the_order_of_their_names(tmp_path: Path) -> None:
    data_folder(tmp_path, sales_b=SALES, sales_a_gz=sales_text(sale_line(item_id="11")), other="x")
    found = find_sources(str(tmp_path), profile())
    assert [source.name for source in found.sales] == ["sales_a.csv.gz", "sales_b.csv"]
    assert set(found.entities) == {"shops", "items", "categories"}


def test_files_that_are_equal_byte_by_byte_are_one_source(tmp_path: Path) -> None:
    data_folder(tmp_path, sales_a=SALES, sales_b=SALES)
    assert len(find_sources(str(tmp_path), profile()).sales) == 1


def test_an_absent_column_is_named_with_the_file_and_the_columns_found(tmp_path: Path) -> None:
    data_folder(tmp_path, sales_a=SALES.replace("item_cnt_day", "count"))
    with pytest.raises(SourceError, match=r"sales_a\.csv: no column 'item_cnt_day'; found date,"):
        find_sources(str(tmp_path), profile())


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    data_folder(tmp_path, sales_a=SALES.replace("date_block_num", "shop_id"))
    with pytest.raises(SourceError, match="more than one column 'shop_id'"):
        find_sources(str(tmp_path), profile())


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    data_folder(tmp_path, sales_a=SALES)
    (tmp_path / "shops.csv").unlink()
    with pytest.raises(SourceError, match=r"no file shops\.csv, which lists the shops"):
        find_sources(str(tmp_path), profile())


def test_a_folder_without_sales_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no sales file \(sales\*\.csv"):
        find_sources(str(data_folder(tmp_path)), profile())


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        find_sources(str(tmp_path / "absent"), profile())
    assert not (tmp_path / "absent").exists()
