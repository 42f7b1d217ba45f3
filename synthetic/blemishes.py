"""Blemishes: the duplicate and malformed lines that real sales files contain."""

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
    """Return a defect: a function that replaces one field of a line by a text."""
    return lambda fields: [*fields[:field], text, *fields[field + 1 :]]


def with_iso_date(fields: Fields) -> Fields:
    """Rewrite a line's date as ``yyyy-MM-dd``, as a spreadsheet may do."""
    return ["-".join(reversed(fields[DATE].split("."))), *fields[1:]]


def with_negative_price(fields: Fields) -> Fields:
    """Make a line's price negative."""
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
    """The bad lines to add to the sales lines of one month.

    Args:
        duplicates: number of good lines to repeat once.
        defects: keys of ``DEFECTS``, one for each malformed line to add.
    """

    duplicates: int
    defects: tuple[str, ...]

    def added_to(self, lines: pa.StringArray, rng: np.random.Generator) -> pa.StringArray:
        """Return a month's lines with the blemishes added, in random order."""
        wanted = self.duplicates + len(self.defects)
        copies = lines.take(pa.array(rng.choice(len(lines), wanted, replace=False))).to_pylist()
        for at, defect in enumerate(self.defects, start=self.duplicates):
            copies[at] = ",".join(DEFECTS[defect](copies[at].split(",")))
        together = pa.concat_arrays([lines, pa.array(copies, pa.string())])
        return together.take(pa.array(rng.permutation(len(together))))


def draw_blemishes(scale: Scale, rng: np.random.Generator) -> list[Blemishes]:
    """Draw the blemishes of every month.

    The kinds of defect are equally frequent, up to one line; their months are random.
    """
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
