"""The export of Kibana keeps the rules, and each rule refuses what breaks it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from kibana_rules import complaints

from watching.elastic.fields import INDICES
from watching.kibana.panel import read_dashboards
from watching.kibana.saved_objects import ndjson

Object = dict[str, Any]
Change = Callable[[list[Object]], None]


def test_the_export_keeps_every_rule() -> None:
    assert complaints(ndjson()) == []


def test_every_index_has_a_view_and_a_panel() -> None:
    shown = {panel.index for dashboard in read_dashboards() for panel in dashboard.panels}
    assert shown == {index.name for index in INDICES}
    titles = [panel.title for dashboard in read_dashboards() for panel in dashboard.panels]
    assert len(titles) == len(set(titles))


def attributes(objects: list[Object]) -> Object:
    """The attributes of the last dashboard."""
    found: Object = objects[-1]["attributes"]
    return found


def panels(change: Callable[[list[Object]], None]) -> Change:
    """Change the panels of the last dashboard."""

    def changed(objects: list[Object]) -> None:
        shown = json.loads(attributes(objects)["panelsJSON"])
        change(shown)
        attributes(objects)["panelsJSON"] = json.dumps(shown)

    return changed


def chart(change: Callable[[Object], None]) -> Change:
    """Change the first chart of the last dashboard."""
    return panels(lambda shown: change(shown[1]["embeddableConfig"]["attributes"]))


def layer(change: Callable[[Object], None]) -> Change:
    """Change the layer of a table with a group and formulas."""

    def changed(shown: list[Object]) -> None:
        table = next(p for p in shown if '"by"' in json.dumps(p))
        state = table["embeddableConfig"]["attributes"]["state"]
        change(state["datasourceStates"]["formBased"]["layers"]["layer"])

    return panels(changed)


def formula(text: str) -> Change:
    """Put a formula in the place of the first one."""
    return layer(lambda each: each["columns"]["value0"]["params"].update(formula=text))


MUTANTS: dict[str, Change] = {
    "a top version": lambda objects: objects[0].update(version="WzEsMV0="),
    "a newer type": lambda objects: objects[0].update(typeMigrationVersion="10.2.0"),
    "a newer core": lambda objects: objects[-1].update(coreMigrationVersion="8.9.0"),
    "a double": lambda objects: objects.append(objects[0]),
    "a missing view": lambda objects: objects.remove(objects[1]),
    "a foreign type": lambda objects: objects[0].update(type="lens"),
    "no id": lambda objects: objects[-1]["references"][0].update(id="elsewhere"),
    "a view without time": lambda objects: objects[0]["attributes"].pop("timeFieldName"),
    "a view of nothing": lambda objects: objects[0]["attributes"].update(title="logs-*"),
    "a runtime field": lambda objects: objects[0]["attributes"].update(runtimeFieldMap='{"a": {}}'),
    "attributes that are no text": lambda objects: objects[0]["attributes"].update(fieldAttrs={}),
    "an unknown attribute": lambda objects: attributes(objects).update(controlGroupInput={}),
    "panels that are no text": lambda objects: attributes(objects).update(panelsJSON=[]),
    "options that are no text": lambda objects: attributes(objects).update(optionsJSON={}),
    "no time": lambda objects: attributes(objects).pop("timeFrom"),
    "no restored time": lambda objects: attributes(objects).update(timeRestore=False),
    "an interval": lambda objects: attributes(objects).update(refreshInterval={"value": 1}),
    "another index": panels(lambda shown: shown[1].update(panelIndex="9")),
    "outside the grid": panels(lambda shown: shown[1]["gridData"].update(x=40)),
    "an overlap": panels(lambda shown: shown[2]["gridData"].update(shown[1]["gridData"], i="2")),
    "a foreign panel": panels(lambda shown: shown[1].update(type="links")),
    "a foreign chart": chart(lambda each: each.update(visualizationType="lnsPie")),
    "no title": chart(lambda each: each.update(title="")),
    "another language": chart(lambda each: each["state"]["query"].update(language="lucene")),
    "a dangling name": chart(lambda each: each["references"][0].update(name="layer-2")),
    "an undeclared filter": chart(lambda each: each["state"]["query"].update(query="gone: 1")),
    "a column that is not drawn": layer(
        lambda each: each["columns"].update(more=each["columns"]["value0"])
    ),
    "another order": layer(lambda each: each["columnOrder"].reverse()),
    "an unknown operation": layer(
        lambda each: each["columns"]["by"].update(operationType="cardinality")
    ),
    "terms of a text": layer(lambda each: each["columns"]["by"].update(sourceField="message")),
    "terms of no field": layer(lambda each: each["columns"]["by"].update(sourceField="gone")),
    "ordered by nothing": layer(
        lambda each: each["columns"]["by"]["params"]["orderBy"].update(columnId="gone")
    ),
    "a bucket that is none": layer(lambda each: each["columns"]["by"].update(isBucketed=False)),
    "a broken formula": layer(
        lambda each: each["columns"]["value0"]["params"].update(isFormulaBroken=True)
    ),
    "a formula of no field": formula("sum(shopcast.gone)"),
    "a formula of a keyword": formula("sum(shopcast.version)"),
    "an unknown function": formula("median(shopcast.rows)"),
    "a mean of ratios": formula("average(shopcast.wape)"),
    "an undeclared condition": formula("count(kql='gone: 1')"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_what_breaks_a_rule_is_refused(name: str) -> None:
    objects = [json.loads(line) for line in ndjson().splitlines()]
    MUTANTS[name](objects)
    text = "".join(json.dumps(each) + "\n" for each in objects)
    assert text != ndjson()
    assert complaints(text)


def test_there_are_mutants_enough() -> None:
    assert len(MUTANTS) >= 25
    assert complaints(ndjson()[:-1])
    assert complaints(ndjson() + "[\n")
