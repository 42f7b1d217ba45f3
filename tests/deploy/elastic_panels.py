"""Panels of Kibana as questions to Elasticsearch, and the same from tables, without Kibana."""

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
from elasticsearch import Elasticsearch

from watching.kibana.panel import MONTH, TIME, Panel

CALL = re.compile(r"(\w+)\(([^()]*)\)")
AGGREGATIONS = {"sum": "sum", "average": "avg", "unique_count": "cardinality", "max": "max"}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
MOST = 1000
Groups = dict[tuple[Any, ...], dict[str, float | None]]


def evaluate(formula: str, value: Callable[[str, str], float | None]) -> float | None:
    """Compute a formula from the values of its calls: function and argument → number."""
    calls: list[float | None] = []

    def number(call: re.Match[str]) -> str:
        calls.append(value(call[1], call[2]))
        return f"_{len(calls) - 1}"

    tree = ast.parse(CALL.sub(number, formula), mode="eval").body

    def of(node: ast.expr) -> float | None:
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return calls[int(node.id[1:])]
        assert isinstance(node, ast.BinOp)
        left, right = of(node.left), of(node.right)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Div):
            return left / right if right else None
        return float(OPERATORS[type(node.op)](left, right))

    return of(tree)


def query_of(text: str) -> dict[str, Any]:
    """Translate the part of Kibana's query language that the panels use."""
    if not text:
        return {"match_all": {}}
    clauses = [clause_of(part.strip()) for part in text.split(" and ")]
    return {"bool": {"filter": clauses}}


def clause_of(text: str) -> dict[str, Any]:
    match = re.fullmatch(r"([\w.@]+)\s*(:|>=)\s*(.+)", text)
    assert match, text
    field, sign, value = match.groups()
    if sign == ">=":
        return {"range": {field: {"gte": float(value)}}}
    values = [word.strip() for word in value.strip("()").split(" or ")]
    return {"terms": {field: values}}


def ask(client: Elasticsearch, panel: Panel) -> Groups:
    """Ask Elasticsearch for what a panel shows: values of the groups → label → number."""
    calls = {call.groups() for text in panel.formulas.values() for call in CALL.finditer(text)}
    names = {call: f"c{number}" for number, call in enumerate(sorted(calls))}
    inner: dict[str, Any] = {}
    for (function, argument), name in names.items():
        if function == "count":
            condition = query_of(argument[5:-1]) if argument else {"match_all": {}}
            inner[name] = {"filter": condition}
        else:
            inner[name] = {AGGREGATIONS[function]: {"field": argument}}
    sources: list[dict[str, Any]] = []
    if panel.over == MONTH:
        histogram = {"field": TIME, "calendar_interval": "month"}
        sources.append({"x": {"date_histogram": histogram}})
    for name in (panel.by, panel.split):
        if name:
            sources.append({name: {"terms": {"field": name}}})
    groups = {"composite": {"size": MOST, "sources": sources}, "aggs": inner}
    one = {"filter": {"match_all": {}}, "aggs": inner}
    answer = client.search(
        index=panel.index,
        size=0,
        query=query_of(panel.filter),
        aggs={"groups": groups if sources else one},
    )
    found = answer["aggregations"]["groups"]
    buckets = found["buckets"] if sources else [{"key": {}, **found}]

    def value_in(bucket: dict[str, Any]) -> Callable[[str, str], float | None]:
        def value(function: str, argument: str) -> float | None:
            cell = bucket[names[function, argument]]
            return float(cell["doc_count"]) if function == "count" else cell["value"]

        return value

    return {
        tuple(bucket["key"].values()): {
            label: evaluate(text, value_in(bucket)) for label, text in panel.formulas.items()
        }
        for bucket in buckets
    }


def compute(frame: pd.DataFrame, panel: Panel) -> Groups:
    """Compute what a panel shows from rows of the lake, whose columns are named as the fields."""
    rows = frame[matches(frame, panel.filter)]
    keys = [name for name in (panel.by, panel.split) if name]
    if panel.over == MONTH:
        rows = rows.assign(x=rows[TIME].map(lambda month: pd.Timestamp(month).timestamp() * 1000))
        keys = ["x", *keys]
    groups = rows.groupby(keys, dropna=True) if keys else [((), rows)]
    return {
        key if isinstance(key, tuple) else (key,): {
            label: evaluate(text, value_of(of_group)) for label, text in panel.formulas.items()
        }
        for key, of_group in groups
    }


def value_of(rows: pd.DataFrame) -> Callable[[str, str], float | None]:
    def value(function: str, argument: str) -> float | None:
        if function == "count":
            return float(matches(rows, argument[5:-1] if argument else "").sum())
        column = rows[argument]
        if function == "unique_count":
            return float(column.nunique())
        number = {"sum": column.sum, "average": column.mean, "max": column.max}[function]()
        return None if pd.isna(number) else float(number)

    return value


def matches(frame: pd.DataFrame, text: str) -> "pd.Series[bool]":
    kept = pd.Series(True, index=frame.index)
    for part in filter(None, text.split(" and ")):
        match = re.fullmatch(r"\s*([\w.@]+)\s*(:|>=)\s*(.+)", part)
        assert match, part
        field, sign, value = match.groups()
        if sign == ">=":
            kept &= frame[field] >= float(value)
        else:
            kept &= frame[field].isin([word.strip() for word in value.strip("() ").split(" or ")])
    return kept
