"""Optional inputs that a profile may declare: silver tables, and whether values are known ahead."""

from dataclasses import dataclass, field

from lakehouse.table import Column, Table
from lakehouse.types import DATE, FEATURE, TEXT, TIMESTAMP

UPDATED_AT = Column("updated_at", TIMESTAMP, "time of this version", False)
KEYS = {
    "shop_id": Column("shop_id", TEXT, "shop as the file wrote it, before aliases", False),
    "item_id": Column("item_id", TEXT, "item", False),
    "month": Column("month", DATE, "first day of the month", False),
}


@dataclass(frozen=True)
class Input:
    """An optional input: a keyed list of a retailer, of which the newest version applies (type 1).

    Attributes:
        name: name of the profile's section and of the silver table.
        keys: key columns, among shop_id, item_id and month.
        values: value columns.
        description: description of the silver table.
        is_known_ahead: whether a month's values are known at every cutoff before the month.
        bounds: smallest and greatest plausible number, in the unit of the value column.
        default: number used if a file has no value column; None: the column is required.
        table: the silver table, partitioned by month if month is a key.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[Column, ...]
    description: str
    is_known_ahead: bool
    bounds: tuple[float, float] = (0, 0)
    default: float | None = None
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        columns = (*(KEYS[name] for name in self.keys), *self.values, UPDATED_AT)
        by_month = ("month",) if "month" in self.keys else ()
        table = Table("silver", self.name, self.description, columns, self.keys, by_month)
        object.__setattr__(self, "table", table)

    @property
    def has_number(self) -> bool:
        """Whether the input has a number per row, rather than dates that may be null."""
        return any(value.type == FEATURE for value in self.values)

    @property
    def fields(self) -> tuple[str, ...]:
        """The field names of a record: keys, then values."""
        return (*self.keys, *(value.name for value in self.values))


OF_PAIR = ("shop_id", "item_id", "month")
PROMOTIONS = Input(
    "promotions",
    OF_PAIR,
    (Column("share", FEATURE, "share of the month's days on promotion", False),),
    "Promotions planned for a shop, item and month.",
    is_known_ahead=True,
    bounds=(0, 1),
    default=1,
)
PLANNED_PRICES = Input(
    "planned_prices",
    OF_PAIR,
    (Column("price", FEATURE, "currency per unit", False),),
    "Prices planned for a shop, item and month.",
    is_known_ahead=True,
    bounds=(0.000001, 999_999_999),
)
STOCK_OUTS = Input(
    "stock_outs",
    OF_PAIR,
    (Column("days", FEATURE, "days of the month without stock", False),),
    "Days on which an item could not be sold in a shop: exposure, not demand.",
    is_known_ahead=False,
    bounds=(0, 31),
)
SHOP_DATES = Input(
    "shop_dates",
    ("shop_id",),
    (
        Column("opened_on", DATE, "first day of business; null: not known"),
        Column("closed_on", DATE, "last day of business; null: not known"),
    ),
    "When shops open and close.",
    is_known_ahead=True,
)
DELISTINGS = Input(
    "delistings",
    ("item_id",),
    (Column("delisted_on", DATE, "last day in the retailer's list; null: not known"),),
    "When items leave the retailer's list.",
    is_known_ahead=True,
)
INPUTS = {
    source.name: source
    for source in (PROMOTIONS, PLANNED_PRICES, STOCK_OUTS, SHOP_DATES, DELISTINGS)
}
