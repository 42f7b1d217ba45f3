"""Blemishes: what a real file holds besides good lines, namely doubled and malformed ones."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
import pyarrow as pa

from synthetic.scale import Scale

Fields = list[str]
"""The fields of a line: date, date_block_num, shop_id, item_id, item_price, item_cnt_day."""
DATE, SHOP, ITEM, PRICE, UNITS = 0, 2, 3, 4, 5


def replacing(field: int, text: str) -> Callable[[Fields], Fields]:
    """Return the defect that puts a text in the place of one field."""
    return lambda fields: [*fields[:field], text, *fields[field + 1 :]]


def with_iso_date(fields: Fields) -> Fields:
    """Write the date as ``yyyy-MM-dd``, as a person's spreadsheet would."""
    return ["-".join(reversed(fields[DATE].split("."))), *fields[1:]]


def with_negative_price(fields: Fields) -> Fields:
    """Turn the price's sign."""
    return replacing(PRICE, f"-{fields[PRICE]}")(fields)


DEFECTS: dict[str, Callable[[Fields], Fields]] = {
    "date in another format": with_iso_date,
    "impossible date": replacing(DATE, "31.02.2014"),
    "price is not a number": replacing(PRICE, "n/a"),
    "units are not a number": replacing(UNITS, "one"),
    "no shop": replacing(SHOP, ""),
    "no item": replacing(ITEM, ""),
    "negative price": with_negative_price,
    "absurd units": replacing(UNITS, "5000.0"),
    "too few columns": lambda fields: fields[:ITEM],
}


@dataclass(frozen=True)
class Blemishes:
    """What is added to the lines of one month.

    Args:
        duplicates: good lines that stand twice.
        defects: names of DEFECTS, one for each malformed line.
    """

    duplicates: int
    defects: tuple[str, ...]

    def added_to(self, lines: pa.StringArray, rng: np.random.Generator) -> pa.StringArray:
        """Return the lines of a month, blemishes added, in a random order."""
        wanted = self.duplicates + len(self.defects)
        copies = lines.take(pa.array(rng.choice(len(lines), wanted, replace=False))).to_pylist()
        for at, defect in enumerate(self.defects, start=self.duplicates):
            copies[at] = ",".join(DEFECTS[defect](copies[at].split(",")))
        together = pa.concat_arrays([lines, pa.array(copies, pa.string())])
        return together.take(pa.array(rng.permutation(len(together))))


def draw_blemishes(scale: Scale, rng: np.random.Generator) -> list[Blemishes]:
    """Draw the blemishes of every month: each defect as often as the others, wherever it falls."""
    defects = list(islice(cycle(DEFECTS), scale.malformed))
    defect_months = rng.integers(scale.months, size=scale.malformed)
    duplicates = np.bincount(
        rng.integers(scale.months, size=scale.duplicates), minlength=scale.months
    )
    return [
        Blemishes(
            duplicates=int(duplicates[month]),
            defects=tuple(defects[at] for at in np.flatnonzero(defect_months == month)),
        )
        for month in range(scale.months)
    ]
