"""Sizes of files and functions, and what public functions take and return."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from own_packages import PACKAGES, ROOT

FILE_LINES = 250
FUNCTION_LINES = 40
MEDIAN_FUNCTION_LINES = 8
PARAMETERS = 5
# Only these packages know the command line.
COMMANDS = {"cli", "jobs", "streaming"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    return [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]


def functions(file: Path) -> Iterator[tuple[str, Function]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node


def code_lines(function: Function) -> int:
    """Count the lines of a function without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def parameters(function: Function) -> list[str]:
    taken = function.args
    named = [a.arg for a in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
    return [name for name in named if name not in ("self", "cls")]


def signature(function: Function) -> set[str]:
    """Return the names in the annotations of parameters and result."""
    annotations = [a.annotation for a in ast.walk(function.args) if isinstance(a, ast.arg)]
    nodes = [node for a in (*annotations, function.returns) if a for node in ast.walk(a)]
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {
        n.attr for n in nodes if isinstance(n, ast.Attribute)
    }


def test_a_file_has_at_most_250_lines() -> None:
    lines = {str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in modules()}
    assert {file: count for file, count in lines.items() if count > FILE_LINES} == {}


def test_a_function_has_at_most_40_lines_of_code_and_half_of_them_8() -> None:
    lines = {name: code_lines(f) for file in modules() for name, f in functions(file)}
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}
    assert median(lines.values()) <= MEDIAN_FUNCTION_LINES


def test_a_function_takes_at_most_five_parameters() -> None:
    taken = {name: parameters(f) for file in modules() for name, f in functions(file)}
    assert {name: names for name, names in taken.items() if len(names) > PARAMETERS} == {}


def test_only_commands_take_parsed_arguments() -> None:
    takers = [
        name
        for file in modules()
        if file.relative_to(ROOT).parts[0] not in COMMANDS and file.stem != "commands"
        for name, function in functions(file)
        if "Namespace" in signature(function)
    ]
    assert takers == []
