"""What an OpenAPI document promises its clients, and what a later document breaks of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
ALTERNATIVES = ("anyOf", "oneOf", "allOf")


@dataclass
class Promises:
    """Sentences about a document.

    Attributes:
        kept: what must still be so in a later document.
        demands: what must not be new in a later document.
        bounds: bound of an input → number; a later document must not tighten it.
    """

    kept: set[str] = field(default_factory=set)
    demands: set[str] = field(default_factory=set)
    bounds: dict[str, float] = field(default_factory=dict)


def list_breaks(released: Schema, current: Schema) -> list[str]:
    """Return a sentence per promise of the released document that the current one breaks."""
    before, after = read_promises(released), read_promises(current)
    lost = [f"No longer so: {sentence}." for sentence in before.kept - after.kept]
    new = [
        f"New demand: {sentence}."
        for sentence in after.demands - before.demands
        # What is asked of a new operation or field breaks nothing.
        if sentence.partition(":")[0] in before.kept
    ]
    tightened = [
        f"Tightened: {bound} is {after.bounds[bound]}, was {number}."
        for bound, number in before.bounds.items()
        if bound in after.bounds and is_tighter(bound, after.bounds[bound], number)
    ]
    unbounded = [
        f"New bound: {bound} is {number}."
        for bound, number in after.bounds.items()
        if bound not in before.bounds and bound.partition(":")[0] in before.kept
    ]
    return sorted([*lost, *new, *tightened, *unbounded])


def list_additions(released: Schema, current: Schema) -> list[str]:
    """Return what the current document promises beyond the released one."""
    return sorted(read_promises(current).kept - read_promises(released).kept)


def is_tighter(bound: str, now: float, before: float) -> bool:
    return now < before if bound.endswith(UPPER) else now > before


def read_promises(document: Schema) -> Promises:
    """Read the promises of a document, operation by operation."""
    promises = Promises()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            promises.kept.add(name)
            read_inputs(promises, document, name, operation)
            for status, response in operation["responses"].items():
                read_answer(promises, document, f"{name} answers {status}", response)
    return promises


def read_inputs(promises: Promises, document: Schema, name: str, operation: Schema) -> None:
    for parameter in operation.get("parameters", ()):
        place = f"{name} takes {parameter['in']} {parameter['name']}"
        if parameter.get("required"):
            promises.demands.add(f"{name}: {parameter['name']} is required")
        for inner, schema in walk(document, parameter["schema"], place):
            add_input(promises, inner, schema)
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        place = f"{name} takes {media_type}"
        for inner, schema in walk(document, content.get("schema", {}), place):
            add_input(promises, inner, schema)


def add_input(promises: Promises, place: str, schema: Schema) -> None:
    promises.kept.add(place)
    promises.kept |= {f"{place}: may be {kind}" for kind in kinds(schema)}
    promises.kept |= {f"{place}: may be {value!r}" for value in schema.get("enum", ())}
    promises.demands |= {f"{place}: {key} is required" for key in schema.get("required", ())}
    if "pattern" in schema:
        promises.demands.add(f"{place}: matches {schema['pattern']}")
    promises.bounds |= {f"{place}: {key}": schema[key] for key in UPPER + LOWER if key in schema}


def read_answer(promises: Promises, document: Schema, name: str, response: Schema) -> None:
    promises.kept.add(name)
    promises.kept |= {f"{name}, header {header}" for header in response.get("headers", ())}
    for media_type, content in response.get("content", {}).items():
        place = f"{name} as {media_type}"
        for inner, schema in walk(document, content.get("schema", {}), place):
            promises.kept.add(inner)
            promises.kept |= {f"{inner}: has {key}" for key in schema.get("required", ())}
            promises.demands |= {f"{inner}: may be {kind}" for kind in kinds(schema)}


def kinds(schema: Schema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def walk(
    document: Schema, schema: Schema, place: str, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, Schema]]:
    """Yield the place and schema of everything below a schema, references resolved."""
    if (reference := schema.get("$ref")) in above:
        return
    if reference is not None:
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        above = (*above, reference)
    yield place, schema
    for key, inner in schema.get("properties", {}).items():
        yield from walk(document, inner, f"{place}, {key}", above)
    if "items" in schema:
        yield from walk(document, schema["items"], f"{place}, each", above)
    for inner in (inner for key in ALTERNATIVES for inner in schema.get(key, ())):
        yield from walk(document, inner, place, above)
