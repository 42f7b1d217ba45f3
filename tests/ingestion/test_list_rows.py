"""A list's quoted values may hold line ends, and never the lines of other records."""

from pathlib import Path

import pytest

from ingestion.files.checked_folder import inspect
from ingestion.files.list_rows import ListRecords
from ingestion.files.rows import source_rows
from lakehouse.profile.profile import Files

FINE = {
    "a line end": ('10,"Lamp\n24 inch",5', ["10", "Lamp\n24 inch", "5"]),
    "a blank line": ('10,"Lamp\n\n24 inch",5', ["10", "Lamp\n\n24 inch", "5"]),
    "delimiters before": ('10,"Lamp, big\nand green",5', ["10", "Lamp, big\nand green", "5"]),
    "delimiters after": ('10,"Lamp\nbig, green, new, red",5', None),
    "doubled quotes": ('10,"A ""big""\nlamp",5', ["10", 'A "big"\nlamp', "5"]),
    "two values": ('"1\n0","Lamp\nbig",5', ["1\n0", "Lamp\nbig", "5"]),
    "three lines": ('10,"a\nb\nc",5', ["10", "a\nb\nc", "5"]),
    "inches": ('10,"Lamp 24" inch",5', ["10", 'Lamp 24 inch"', "5"]),
}


def records(text: str) -> list[tuple[str, list[str] | None]]:
    return list(ListRecords(iter(text.split("\n")), ",", 3))


@pytest.mark.parametrize("form", FINE)
def test_a_well_formed_value_may_hold_line_ends(form: str) -> None:
    text, values = FINE[form]
    text_values = values or ["10", text.split('"')[1], "5"]
    assert records(f"{text}\n11,Book,6") == [
        (text, text_values),
        ("11,Book,6", ["11", "Book", "6"]),
    ]


# What a stray quote would merge, and which lines are left without values.
STRAY = {
    "closed by a quoted value": (['10,"Lamp,5', "11,Book,6", '12,"Pen",6'], [0]),
    "never closed": (['10,"Lamp,5', "11,Book,6", "12,Pen,6"], [0]),
    "closed by another stray quote": (['10,"Lamp,5', "11,Book,6", '12,Pen",6'], [0, 2]),
    "by that of the next line": (['10,"Lamp,5', '11,Book",6', "12,Pen,6"], [0, 1]),
    "in the last column": (['10,Lamp,"5', '11,Book,6"', "12,Pen,6"], [0, 1]),
    "in the first column": (['"10,Lamp,5', '11",Book,6', "12,Pen,6"], [0, 1]),
    "with blank lines between": (['10,"Lamp,5', "", "11,Book,6", '12,Pen",6'], [0, 2]),
    "every line": (['10,"Lamp,5', '11,"Book,6', '12,"Pen,6'], [0, 1, 2]),
}


@pytest.mark.parametrize("form", STRAY)
def test_a_lost_quote_spoils_its_own_line(form: str) -> None:
    lines, spoiled = STRAY[form]
    whole = [line for line in lines if line]
    assert records("\n".join(lines)) == [
        (line, None if place in spoiled else [v.strip('"') for v in line.split(",")])
        for place, line in enumerate(whole)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_list_is_read_in_its_encoding_and_numbered(
    encoding: str, end: str, tmp_path: Path
) -> None:
    text = '\nid,name\n1,"é\n\nb"\n\n2,"c\n3,d\n'.replace("\n", end)
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    files = Files.model_validate({"encoding": encoding})
    source = inspect(f"file://{tmp_path}", "list.csv", {"id": "id", "name": "name"}, files)
    rows = [
        tuple(row.values()) for t in source_rows(source, is_multiline=True) for row in t.to_pylist()
    ]
    assert rows == [(0, None, "1", "é\n\nb"), (1, '2,"c', None, None), (2, None, "3", "d")]
