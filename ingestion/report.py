"""Reports of an ingest: lines for the terminal, and fields of the result line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from ingestion.catalogue.intake import Catalogue
from ingestion.catalogue.landed import LandedMessages
from ingestion.files.folder import NotRead
from ingestion.files.source import Source
from ingestion.history import IngestResult
from ingestion.lake_months import stored_months
from ingestion.reconciliation.control_totals import ControlComparison
from ingestion.reconciliation.dry_run import DryRun
from ingestion.reconciliation.reconciliation import ENDS, FileReconciliation
from ingestion.sales.checks import describe_checks
from ingestion.sales.control_figures import ControlFigures
from ingestion.sales.redelivery import ReplacedDay
from ingestion.sales.span import find_gaps
from lakehouse.lake import Lake
from lakehouse.month_range import MonthRange
from lakehouse.profile.profile import Profile
from lakehouse.profile.sales import Sales
from lakehouse.progress import progress

TITLES = "%-28s %11s" + " %11s" * len(ENDS)
ROW = "%-28s %11d" + " %11d" * len(ENDS)
FIRST_FAULTS = 20

# Fields of the result line: values that JSON can hold.
Figures = dict[str, object]


def report_not_read(not_read: Sequence[NotRead]) -> Figures:
    """Report the files of a folder that are not read; warn of files that look like data files."""
    for file in not_read:
        if file.is_likely:
            progress("WARNING: %s is not read: %s", file.name, file.why)
    first = {file.name: file.why for file in not_read[:FIRST_FAULTS]}
    return {"files_not_read": len(not_read), "not_read": first}


def report_ingest(result: IngestResult, profile: Profile) -> Figures:
    """Report the result of ingesting a folder, and warn of what looks wrong."""
    names = {source.digest: source.name for source in result.new}
    inputs = {name: asdict(counts) for name, counts in result.inputs.items()}
    return {
        "shops_changed": result.catalogue.shops,
        "items_changed": result.catalogue.items,
        **report_catalogue(result.catalogue.catalogue),
        **report_landed(result.landed),
        "inputs": inputs,
        **report_same_names(result.same_names),
        "files": len(result.new),
        "files_skipped": result.skipped,
        **report_files(result.sales.files, names, profile),
        **report_control_figures(result.sales.figures),
    }


def report_landed(landed: LandedMessages) -> Figures:
    """Report the catalogue messages of a landing folder; nothing for other folders."""
    return {"catalogue_messages": asdict(landed)} if landed.received else {}


def report_replaced_days(days: Sequence[ReplacedDay], files: Sequence[Source]) -> Figures:
    """Report replaced shop-days, and the rows of the files that are of no replaced day."""
    received = sum(file.rows for file in files)
    return {
        "replaced": [{**asdict(each), "day": str(each.day)} for each in days],
        "received": received,
        "rows_of_other_days": received - sum(each.lines for each in days),
    }


def report_catalogue(catalogue: Catalogue) -> Figures:
    """Report the list records that are left out, or have a date that cannot be read."""
    return {
        "catalogue_rejected": catalogue.rejected,
        "listed_on_unparsable": catalogue.undated,
    }


def report_same_names(ingested: Mapping[str, datetime]) -> Figures:
    """Report and warn of new files whose name an ingested file with other contents has.

    Args:
        ingested: file name → when a file of that name was last ingested.
    """
    for name, when in ingested.items():
        progress(
            "WARNING: %s was read before with other contents (%s); both stand. If the file "
            "corrects the earlier one, ingest its shop-days by --replace SHOP,YYYY-MM-DD",
            *(name, f"{when:%Y-%m-%d %H:%M} UTC"),
        )
    names = list(ingested)[:FIRST_FAULTS]
    return {"read_before_with_other_contents": names} if ingested else {}


def report_files(
    files: Sequence[FileReconciliation], names: Mapping[str, str], profile: Profile
) -> Figures:
    """Print each file's records per end and rejected records per broken check; sum the files.

    Args:
        files: the reconciled files.
        names: name of each file by digest.
        profile: the profile that sets the checks.
    """
    meanings = describe_checks(profile)
    if files:
        progress(TITLES, "file", "received", *ENDS)
    for file in files:
        progress(ROW, names[file.source], file.received, *file.counts.values())
        for reason, count in sorted(file.reasons.items()):
            meaning = f" (valid: {meanings[reason]})" if reason in meanings else ""
            progress("%-28s %11d rejected: %s%s", "", count, reason, meaning)
    totals = {name: sum(getattr(file, name) for file in files) for name in ("received", *ENDS)}
    reasons = sum((Counter(file.reasons) for file in files), Counter[str]())
    return {
        **totals,
        "rejected_share": round(totals["rejected"] / max(totals["received"], 1), 5),
        "rejected_by_reason": dict(sorted(reasons.items())),
    }


def report_refused(result: DryRun, names: Mapping[str, str], limits: Sales) -> Figures:
    """Report and warn of what jobs.ingest_history would refuse: files, and the load's returns.

    Args:
        result: the dry run of the files.
        names: name of each file by digest.
        limits: the profile's section with the shares of records and returns that may be rejected.
    """
    most = limits.most_rejected
    refused = [names[source] for source in result.refused_sources(most)]
    for name in refused:
        progress(
            "WARNING: more than [sales] most_rejected = %s of the records of %s are rejected; "
            "jobs.ingest_history refuses the file",
            *(most, name),
        )
    returns = result.figures.returns.refusal(limits.most_returns_rejected)
    if returns is not None:
        progress("WARNING: jobs.ingest_history refuses the files: %s", returns)
    return {"refused": refused, "returns_refused": returns}


def report_control_figures(figures: ControlFigures) -> Figures:
    """Print and report a load's sales of unlisted shops and items, and a load's returns."""
    unlisted, returns = figures.unlisted_ids, figures.returns
    for name, ids in unlisted.items():
        if ids.sales:
            progress(
                "WARNING: %d sales have a %s that no list has (%d values): %s",
                *(ids.sales, name, ids.ids, ", ".join(ids.first)),
            )
    if returns.rejected:
        progress(
            "WARNING: %d records of returned units are rejected, %d are ingested; the first "
            "rejected: %s",
            *(returns.rejected, returns.taken, ", ".join(returns.first)),
        )
    return {
        "unlisted": {name: asdict(ids) for name, ids in unlisted.items()},
        "returns": {
            "taken": returns.taken,
            "rejected": returns.rejected,
            "first_rejected": returns.first,
        },
    }


def report_months(lake: Lake) -> Figures:
    """Print the gaps between months with sales; report first month, open month and gaps."""
    months = stored_months(lake)
    if months is None:
        return {"first_month": None, "open_month": None, "gaps": []}
    gaps = [write_gap(gap) for gap in find_gaps(lake)]
    for gap in gaps[:FIRST_FAULTS]:
        progress("WARNING: no sale in %s, although there are sales before and after", gap)
    return {
        "first_month": f"{months.range.first:%Y-%m}",
        "open_month": f"{months.open_month:%Y-%m}",
        "gaps": gaps[:FIRST_FAULTS],
    }


def write_gap(gap: MonthRange) -> str:
    """Write a range of months as text."""
    first, last = f"{gap.first:%Y-%m}", f"{gap.last:%Y-%m}"
    return first if len(gap) == 1 else f"{first} to {last} ({len(gap)} months)"


def report_control_totals(comparison: ControlComparison) -> Figures:
    """Print the shop-days that differ from the control file; report the counts."""
    faults = [
        *(f"differs: {fault}" for fault in comparison.disagree),
        *(f"missing in the lake: {fault}" for fault in comparison.missing_here),
        *(f"missing in the control file: {fault}" for fault in comparison.missing_there),
    ]
    for fault in faults:
        progress("control: %s", fault)
    counts = {
        "disagree": len(comparison.disagree),
        "missing_here": len(comparison.missing_here),
        "missing_there": len(comparison.missing_there),
    }
    return {"control": {"agree": comparison.agree, **counts, "first": faults[:FIRST_FAULTS]}}
