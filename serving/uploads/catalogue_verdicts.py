"""Verdicts on shops and items, by the parser that reads the stream's catalogue messages."""

import json
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from ingestion.catalogue.messages import MALFORMED, read_message
from ingestion.json_records import read_object
from lakehouse.types import TEXT
from lakehouse.values import plausible_id
from serving.uploads.forms import OPTIONAL, REQUIRED, What
from serving.uploads.verdicts import Fault, Judged, fault_of, iso, messages_of, rejections

IDS = {What.SHOPS: "shop_id", What.ITEMS: "item_id"}
NO_OBJECT = "a JSON object in UTF-8; in a table, a row with as many columns as the header"
NO_ID = "names a {what}, and by no word for a missing value and no number with an exponent"


@dataclass(frozen=True)
class CatalogueJudge:
    """Judges shops or items; each accepted record becomes a message of the contract catalogue.

    Attributes:
        what: shops or items.
        version: when this was so: the first use of the upload's key.
    """

    what: What
    version: datetime

    def __call__(self, lines: pa.Array, values: pa.Array) -> Judged:
        """Judge records; the key of a message is the shop's or item's id."""
        records = values.to_pylist()
        messages = [self._message(value) for value in records]
        is_fine = [message is not None for message in messages]
        mask = pa.array(is_fine, pa.bool_())
        keys = [self._id(value) for value, fine in zip(records, is_fine, strict=True) if fine]
        accepted = pa.array(messages, pa.binary()).filter(mask)
        bad = [not fine for fine in is_fine]
        bad_lines, bad_values = lines.filter(pa.array(bad)), values.filter(pa.array(bad))
        faults = [(self._fault(value),) for value in bad_values.to_pylist()]
        return Judged(
            lines.filter(mask),
            messages_of(pa.array(keys, TEXT), accepted),
            list(rejections(bad_lines, bad_values, faults)),
        )

    def _message(self, value: bytes) -> bytes | None:
        """Write a record as a message; None: the stream would reject the message."""
        if read_object(value) is None:
            return None
        version = json.dumps(iso(self.version)).encode()
        message = b'{"%s":[%s],"updated_at":%s}' % (self.what.value.encode(), value, version)
        return message if read_message(message) else None

    def _id(self, value: bytes) -> str | None:
        return plausible_id((read_object(value) or {}).get(IDS[self.what]))

    def _fault(self, value: bytes) -> Fault:
        if read_object(value) is None:
            return Fault(None, MALFORMED, f"Rule: {NO_OBJECT}.")
        rule = NO_ID.format(what=self.what.value.removesuffix("s"))
        fields = (*REQUIRED[self.what], *OPTIONAL[self.what])
        return fault_of(f"{IDS[self.what]}_implausible", value, fields, rule)
