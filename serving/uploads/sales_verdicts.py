"""Verdicts on sales, by the parser that reads the stream's messages."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sales.checks import MALFORMED, record_checks
from ingestion.sales.records import FIELDS, REJECTED
from ingestion.sales.replacements import EVENTS, INCOMPLETE, read_all
from lakehouse.profile.profile import Profile
from lakehouse.types import TIMESTAMP
from serving.uploads.verdicts import (
    Fault,
    Judged,
    fault_of,
    iso,
    messages_of,
    rejections,
    with_member,
)

WHOLE_DAY = "a day delivered again has shop_id, date, updated_at, and lines that keep all rules"


@dataclass(frozen=True)
class SalesJudge:
    """Judges sales as the ingest of the stream does.

    Attributes:
        profile: the lake's profile, which sets the checks.
        received_at: the first use of the upload's key: the version of records that state none, so
            that a repeated upload sends the same versions.
        is_versioned: whether accepted records get the version as their ``updated_at``.
    """

    profile: Profile
    received_at: datetime
    is_versioned: bool = True

    def __call__(self, lines: pa.Array, values: pa.Array) -> Judged:
        """Judge sales; the key of a message is the sale's id."""
        parsed = read_all(self._events(lines, values), self.profile)
        broken = parsed.filter(pc.field("outcome") == REJECTED)
        is_rejected = pc.is_in(lines, value_set=broken["offset"].combine_chunks())
        is_accepted = pc.invert(is_rejected)
        places = pc.index_in(lines.filter(is_accepted), value_set=parsed["offset"].combine_chunks())
        accepted = values.filter(is_accepted)
        if self.is_versioned:
            accepted = self._versioned(accepted, parsed["updated_at"].take(places))
        keys = parsed["sale_id"].take(places).combine_chunks()
        bad_lines, bad = lines.filter(is_rejected), values.filter(is_rejected)
        faults = self._faults(bad_lines, bad, broken)
        rejected = list(rejections(bad_lines, bad, faults))
        return Judged(lines.filter(is_accepted), messages_of(keys, accepted), rejected)

    def _events(self, lines: pa.Array, values: pa.Array) -> pa.Table:
        time = pa.repeat(pa.scalar(self.received_at, TIMESTAMP), len(lines))
        columns = {
            "source": pa.repeat("", len(lines)),
            "partition": pa.repeat(0, len(lines)),
            "offset": lines,
            "value": values,
            "received_at": time,
            "ingested_at": time,
        }
        return pa.table(columns).select(EVENTS.names).cast(EVENTS)

    def _versioned(self, values: pa.Array, versions: pa.ChunkedArray) -> pa.Array:
        """UploadStatus the version in records whose version is that of their reception."""
        received = pa.scalar(self.received_at, TIMESTAMP)
        is_unstated = pc.fill_null(pc.equal(versions, received), False).combine_chunks()
        if not pc.any(is_unstated).as_py():
            return values
        stated = with_member(values, "updated_at", iso(self.received_at))
        has_member = pc.match_substring(values, '"updated_at"')
        is_filled = pc.and_(has_member, pc.match_substring(values, iso(self.received_at)))
        return pc.if_else(pc.and_not(is_unstated, is_filled), stated, values)

    def _faults(
        self, lines: pa.Array, values: pa.Array, broken: pa.Table
    ) -> list[tuple[Fault, ...]]:
        reasons: dict[int, dict[str, None]] = {}
        pairs = zip(broken["offset"].to_pylist(), broken["reasons"].to_pylist(), strict=True)
        for line, codes in pairs:
            reasons.setdefault(line, {}).update(dict.fromkeys(codes))
        return [
            tuple(fault_of(code, value, FIELDS, self._rules[code]) for code in reasons[line])
            for line, value in zip(lines.to_pylist(), values.to_pylist(), strict=True)
        ]

    @cached_property
    def _rules(self) -> dict[str, str]:
        """The meaning of each check by its name."""
        checks = (MALFORMED, *record_checks(self.profile))
        return {**{check.name: check.meaning for check in checks}, INCOMPLETE: WHOLE_DAY}
