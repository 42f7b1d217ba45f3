"""Saved objects of Kibana 8.9 and later: data views and dashboards whose panels are Lens charts.

Attributes have the oldest type versions that hold them, which newer servers migrate and older ones
would refuse. Panels are kept by value, so that nothing dangles.
"""

import json
from typing import Any

from watching.elastic.fields import INDICES
from watching.kibana.panel import MONTH, TIME, Dashboard, Panel, read_dashboards

Object = dict[str, Any]
LAYER, COLUMNS, TEXT_HEIGHT = "layer", 48, 4
SIZES = {"metric": (16, 6), "table": (48, 14), "line": (24, 12), "bar": (24, 12)}
TYPES = {"metric": "lnsMetric", "table": "lnsDatatable", "line": "lnsXY", "bar": "lnsXY"}
CORE, DASHBOARD_VERSION, VIEW_VERSION = "8.8.0", "8.9.0", "8.0.0"


def saved_objects() -> list[Object]:
    """Return the objects of the export: data views, then dashboards."""
    return [*map(data_view, (index.name for index in INDICES)), *map(dashboard, read_dashboards())]


def ndjson() -> str:
    """Write the export, an object a line."""
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in saved_objects())


def data_view(name: str) -> Object:
    """Return the data view of an index."""
    attributes = {"title": name, "name": name, "timeFieldName": TIME}
    return {
        "id": name,
        "type": "index-pattern",
        "attributes": {**attributes, "fieldAttrs": "{}", "runtimeFieldMap": "{}"},
        "references": [],
        "coreMigrationVersion": CORE,
        "typeMigrationVersion": VIEW_VERSION,
    }


def dashboard(shown: Dashboard) -> Object:
    """Return a dashboard."""
    panels = [text_panel(shown.text), *placed(shown.panels)]
    references = [
        {
            "type": "index-pattern",
            "id": panel.index,
            "name": f"{number}:indexpattern-datasource-layer-{LAYER}",
        }
        for number, panel in enumerate(shown.panels, start=1)
    ]
    search = {"query": {"query": "", "language": "kuery"}, "filter": []}
    options = {"useMargins": True, "syncColors": True, "hidePanelTitles": False}
    return {
        "id": f"shopcast-{shown.name}",
        "type": "dashboard",
        "attributes": {
            "title": shown.title,
            "description": shown.text,
            "panelsJSON": json.dumps(panels, ensure_ascii=False),
            "optionsJSON": json.dumps(options),
            "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(search)},
            "timeRestore": True,
            "timeFrom": "now-24M",
            "timeTo": "now",
            "refreshInterval": {"pause": True, "value": 60000},
        },
        "references": references,
        "coreMigrationVersion": CORE,
        "typeMigrationVersion": DASHBOARD_VERSION,
    }


def text_panel(text: str) -> Object:
    """Return the panel at the top, with what a reader should know."""
    place = {"x": 0, "y": 0, "w": COLUMNS, "h": TEXT_HEIGHT, "i": "0"}
    vis = {"type": "markdown", "params": {"markdown": text, "fontSize": 12}, "title": ""}
    data: Object = {"aggs": [], "searchSource": {}}
    return {
        "type": "visualization",
        "gridData": place,
        "panelIndex": "0",
        "embeddableConfig": {"savedVis": {**vis, "data": data}},
    }


def placed(panels: tuple[Panel, ...]) -> list[Object]:
    """Return panels in their places: from left to right, in as many rows as they need."""
    x = height = 0
    y, found = TEXT_HEIGHT, []
    for number, panel in enumerate(panels, start=1):
        w, h = SIZES[panel.kind]
        if x + w > COLUMNS:
            x, y, height = 0, y + height, 0
        found.append(lens_panel(str(number), panel, {"x": x, "y": y, "w": w, "h": h}))
        x, height = x + w, max(height, h)
    return found


def lens_panel(number: str, panel: Panel, place: Object) -> Object:
    """Return a panel with its chart."""
    reference = {
        "type": "index-pattern",
        "id": panel.index,
        "name": f"indexpattern-datasource-layer-{LAYER}",
    }
    columns = columns_of(panel)
    layer = {"columns": columns, "columnOrder": list(columns), "incompleteColumns": {}}
    attributes = {
        "title": panel.title,
        "visualizationType": TYPES[panel.kind],
        "references": [reference],
        "state": {
            "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
            "visualization": visualization(panel),
            "query": {"query": panel.filter, "language": "kuery"},
            "filters": [],
        },
    }
    return {
        "type": "lens",
        "gridData": {**place, "i": number},
        "panelIndex": number,
        "title": panel.title,
        "embeddableConfig": {"attributes": {**attributes, "type": "lens"}},
    }


def columns_of(panel: Panel) -> dict[str, Object]:
    """Return the columns of a chart: buckets first."""
    buckets: dict[str, Object] = {}
    if panel.split:
        buckets["split"] = terms(panel.split, panel.size)
    if panel.over:
        buckets["x"] = histogram("1M" if panel.over == MONTH else "auto")
    if panel.by:
        buckets["by"] = terms(panel.by, panel.size)
    values = {
        f"value{number}": formula(label, text, panel.format)
        for number, (label, text) in enumerate(panel.formulas.items())
    }
    return {**buckets, **values}


def terms(field: str, size: int) -> Object:
    """Return the column of the values of a field, those of the greatest first value first."""
    order = {"orderBy": {"type": "column", "columnId": "value0"}, "orderDirection": "desc"}
    return {
        "label": field,
        "dataType": "string",
        "operationType": "terms",
        "sourceField": field,
        "isBucketed": True,
        "scale": "ordinal",
        "params": {"size": size, **order, "otherBucket": False, "missingBucket": False},
    }


def histogram(interval: str) -> Object:
    """Return the column of the time."""
    return {
        "label": TIME,
        "dataType": "date",
        "operationType": "date_histogram",
        "sourceField": TIME,
        "isBucketed": True,
        "scale": "interval",
        "params": {"interval": interval, "includeEmptyRows": False, "dropPartials": False},
    }


def formula(label: str, text: str, shown_as: str) -> Object:
    """Return the column of a formula, whose parts Lens computes when it loads the chart."""
    form = {"id": shown_as, "params": {"decimals": 1 if shown_as == "percent" else 2}}
    return {
        "label": label,
        "customLabel": True,
        "dataType": "number",
        "operationType": "formula",
        "isBucketed": False,
        "scale": "ratio",
        "params": {"formula": text, "isFormulaBroken": False, "format": form},
        "references": [],
    }


def visualization(panel: Panel) -> Object:
    """Return how the columns are drawn."""
    values = [name for name in columns_of(panel) if name.startswith("value")]
    base: Object = {"layerId": LAYER, "layerType": "data"}
    if panel.kind == "metric":
        return {**base, "metricAccessor": values[0]}
    if panel.kind == "table":
        return {**base, "columns": [{"columnId": name} for name in columns_of(panel)]}
    series = "line" if panel.kind == "line" else "bar_stacked"
    layer = {**base, "seriesType": series, "accessors": values}
    layer["xAccessor"] = "x" if panel.over else "by"
    if panel.split:
        layer["splitAccessor"] = "split"
    legend = {"isVisible": True, "position": "right"}
    return {"legend": legend, "preferredSeriesType": series, "layers": [layer]}
