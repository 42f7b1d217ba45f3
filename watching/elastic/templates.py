"""Index templates, from the declared fields: strict, so that no stray field enters an index."""

from typing import Any

from watching.elastic.fields import BASE, INDICES, Field, Index

COMPONENT = "shopcast-base"
# Above templates that a cluster has for everything.
PRIORITY = 200


def component() -> dict[str, Any]:
    """Return the component template that all indices share."""
    settings = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
    return {"template": {"settings": settings, "mappings": mappings(BASE)}}


def templates() -> dict[str, dict[str, Any]]:
    """Return name → index template."""
    return {index.name: template(index) for index in INDICES}


def template(index: Index) -> dict[str, Any]:
    """Return the template of a kind of index; all of them are found by the alias."""
    return {
        "index_patterns": [f"{index.name}-*"],
        "priority": PRIORITY,
        "composed_of": [COMPONENT],
        "template": {"mappings": mappings(index.fields), "aliases": {index.name: {}}},
        "_meta": {"description": index.help},
    }


def mappings(fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the mappings of fields; a field that is not declared is refused."""
    properties: dict[str, Any] = {}
    for field in fields:
        *parents, name = field.name.split(".")
        place = properties
        for parent in parents:
            place = place.setdefault(parent, {"properties": {}})["properties"]
        place[name] = field.mapping
    return {"dynamic": "strict", "properties": properties}
