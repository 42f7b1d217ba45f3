"""Rules that an export of Kibana must keep, or it is refused or shows nothing."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from watching.elastic.fields import BASE, INDICES

Object = dict[str, Any]
TYPES = {"index-pattern": "8.0.0", "dashboard": "8.9.0"}
COLUMNS = 48
DASHBOARD = {"title", "description", "panelsJSON", "optionsJSON", "kibanaSavedObjectMeta"}
DASHBOARD |= {"timeRestore", "timeFrom", "timeTo", "refreshInterval"}
VIEW = {"title", "name", "timeFieldName", "fieldAttrs", "runtimeFieldMap"}
CHARTS = {"lnsMetric", "lnsDatatable", "lnsXY"}
OPERATIONS = {"terms", "date_histogram", "formula"}
FUNCTIONS = {"sum", "average", "count", "max", "min", "unique_count", "percentile"}
# Aggregatable types by what an operation needs.
NUMBERS, TERMS = {"double", "long"}, {"keyword", "long"}
TIMES = {"date"}
FIELDS = {index.name: {field.name: field for field in (*BASE, *index.fields)} for index in INDICES}


def complaints(text: str) -> list[str]:
    """What is wrong with an export; empty: it can be imported."""
    try:
        objects = [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return ["a line is no JSON object"]
    found = [] if text.endswith("\n") else ["the last line has no end"]
    counts = Counter((each.get("type"), each.get("id")) for each in objects)
    found += [f"{key} is there twice" for key, count in counts.items() if count > 1]
    for each in objects:
        try:
            found += [f"{each.get('id')}: {fault}" for fault in of_object(each, set(counts))]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            found.append(f"{each.get('id')}: {type(error).__name__} {error}")
    return found


def of_object(each: Object, known: set[tuple[str, str]]) -> Iterator[str]:
    kind = each["type"]
    if "version" in each:
        yield "a version at the top is refused"
    if kind not in TYPES:
        yield f"type {kind}"
        return
    if each["typeMigrationVersion"] != TYPES[kind] or each["coreMigrationVersion"] != "8.8.0":
        yield "a migration version that older servers refuse"
    for reference in each["references"]:
        if (reference["type"], reference["id"]) not in known:
            yield f"a reference to {reference['id']}, which is missing"
    yield from of_view(each) if kind == "index-pattern" else of_dashboard(each)


def of_view(view: Object) -> Iterator[str]:
    attributes = view["attributes"]
    if set(attributes) != VIEW:
        yield "attributes of a data view"
    if attributes["title"] not in FIELDS:
        yield "a data view of no declared index"
    for name in ("fieldAttrs", "runtimeFieldMap"):
        if json.loads(attributes[name]) != {}:
            yield f"{name}: the core server has no scripts"
    if attributes["timeFieldName"] not in FIELDS.get(attributes["title"], {}):
        yield "the field of the time is not declared"


def of_dashboard(dashboard: Object) -> Iterator[str]:
    attributes = dashboard["attributes"]
    if set(attributes) != DASHBOARD:
        yield "attributes of a dashboard"
    if not (attributes["timeRestore"] is True and attributes["timeFrom"] and attributes["timeTo"]):
        yield "no time is restored"
    if set(attributes["refreshInterval"]) != {"pause", "value"}:
        yield "refreshInterval"
    json.loads(attributes["optionsJSON"])
    search = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    if search["query"]["language"] != "kuery":
        yield "language of the query"
    yield from of_panels(dashboard, json.loads(attributes["panelsJSON"]))


def of_panels(dashboard: Object, panels: list[Object]) -> Iterator[str]:
    yield from of_grid(panels)
    named = {(r["name"], r["id"]) for r in dashboard["references"]}
    wanted = set()
    for panel in panels:
        if panel["type"] == "lens":
            yield from of_lens(panel)
            for reference in panel["embeddableConfig"]["attributes"]["references"]:
                wanted.add((f"{panel['panelIndex']}:{reference['name']}", reference["id"]))
        elif panel["type"] != "visualization":
            yield f"panel of type {panel['type']}"
    if named != wanted:
        yield "references of panels and dashboard differ"


def of_grid(panels: list[Object]) -> Iterator[str]:
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridData"]
        if place["i"] != panel["panelIndex"]:
            yield "panelIndex is not gridData.i"
        if place["x"] + place["w"] > COLUMNS or place["x"] < 0:
            yield "a panel is outside the grid"
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        if cells & taken:
            yield "panels overlap"
        taken |= cells
    if len({panel["panelIndex"] for panel in panels}) != len(panels):
        yield "a panelIndex is there twice"


def of_lens(panel: Object) -> Iterator[str]:
    attributes = panel["embeddableConfig"]["attributes"]
    state = attributes["state"]
    if attributes["visualizationType"] not in CHARTS or not attributes["title"]:
        yield "kind or title of a chart"
    if state["query"]["language"] != "kuery" or state["filters"] != []:
        yield "query of a chart"
    layers = state["datasourceStates"]["formBased"]["layers"]
    names = {f"indexpattern-datasource-layer-{layer}" for layer in layers}
    if {reference["name"] for reference in attributes["references"]} != names:
        yield "references of a chart"
    fields = FIELDS[attributes["references"][0]["id"]]
    columns: Object = next(iter(layers.values()))["columns"]
    if next(iter(layers.values()))["columnOrder"] != list(columns):
        yield "columnOrder"
    yield from of_drawing(state["visualization"], set(layers), set(columns))
    for name, column in columns.items():
        yield from (f"{name}: {fault}" for fault in of_column(column, columns, fields))
    for field in fields_of_query(state["query"]["query"]):
        if field not in fields:
            yield f"filter by {field}, which is not declared"


def of_drawing(drawn: Object, layers: set[str], columns: set[str]) -> Iterator[str]:
    if (drawn.get("layerId") or drawn["layers"][0]["layerId"]) not in layers:
        yield "a layer that is missing is drawn"
    if set(shown_columns(drawn)) != columns:
        yield "columns that are shown and columns that there are"


def shown_columns(drawn: Object) -> Iterator[str]:
    if "metricAccessor" in drawn:
        yield drawn["metricAccessor"]
    for column in drawn.get("columns", []):
        yield column["columnId"]
    for layer in drawn.get("layers", []):
        yield from layer["accessors"]
        yield from (layer[name] for name in ("xAccessor", "splitAccessor") if name in layer)


def of_column(column: Object, columns: Object, fields: Object) -> Iterator[str]:
    operation = column["operationType"]
    if operation not in OPERATIONS:
        yield f"operation {operation}"
    elif operation == "formula":
        yield from of_formula(column, fields)
    else:
        kinds = TERMS if operation == "terms" else TIMES
        if not is_aggregatable(column["sourceField"], fields, kinds):
            yield f"{column['sourceField']} cannot be aggregated so"
        if operation == "terms" and column["params"]["orderBy"]["columnId"] not in columns:
            yield "ordered by a column that is missing"
    if column["isBucketed"] != (operation != "formula"):
        yield "isBucketed"


def of_formula(column: Object, fields: Object) -> Iterator[str]:
    text = column["params"]["formula"]
    if column["params"]["isFormulaBroken"] or column["references"] != []:
        yield "a broken formula"
    for function, argument in re.findall(r"(\w+)\(([^()]*)\)", text):
        if function not in FUNCTIONS:
            yield f"function {function}"
        yield from of_argument(function, argument, fields)
    if re.search(r"average\([^)]*wape|average\([^)]*coverage|average\([^)]*rmse", text):
        yield "a mean of ratios"


def of_argument(function: str, argument: str, fields: Object) -> Iterator[str]:
    if argument.startswith("kql="):
        missing = [name for name in fields_of_query(argument[5:-1]) if name not in fields]
        yield from (f"{name} is not declared" for name in missing)
    elif argument:
        kinds = NUMBERS if function != "unique_count" else NUMBERS | TERMS | TIMES
        if not is_aggregatable(argument, fields, kinds):
            yield f"{argument} cannot be aggregated so"


def is_aggregatable(name: str, fields: Object, kinds: set[str]) -> bool:
    return name in fields and fields[name].is_searched and fields[name].kind in kinds


def fields_of_query(text: str) -> list[str]:
    return re.findall(r"([\w.@]+)\s*(?::|>=|<=|>|<)", text)
