"""Fingerprints of code: of what it says, not of how or where it is written.

A fingerprint is of the syntax trees of definitions, without docstrings, imports and the names of
our own modules in front of what they define. So comments, formatting, moves of definitions between
the modules of a part and renamed or moved modules leave it as it is.

    python tests/architecture/code_fingerprints.py  # record what is there now
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).with_name("declared_versions.json")
Definition = ast.stmt


def definitions(module: ModuleType) -> dict[str, Definition]:
    """Return what a module defines, by name: its own statements, and the methods of its classes.

    A class has the name of its module's part without the methods, which are named ``Class.method``.
    """
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    return dict(of_body(Normal(own_modules(tree)).visit(tree).body))


def of_body(body: Iterable[Definition], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Name the statements of a module or a class."""
    for number, statement in enumerate(body):
        if isinstance(statement, ast.ClassDef):
            methods = [one for one in statement.body if isinstance(one, ast.FunctionDef)]
            yield from of_body(methods, f"{statement.name}.")
            statement.body = [one for one in statement.body if one not in methods]
        yield prefix + name_of(statement, number), statement


def name_of(statement: Definition, number: int) -> str:
    """Name a statement; its number names one that defines nothing."""
    match statement:
        case ast.ClassDef() | ast.FunctionDef():
            return statement.name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return f"statement {number}"


def own_modules(tree: ast.Module) -> set[str]:
    """Return the names by which a module knows our other modules."""
    return {
        alias.asname or alias.name
        for one in ast.walk(tree)
        if isinstance(one, ast.ImportFrom) and one.module
        for alias in one.names
        if is_module(f"{one.module}.{alias.name}")
    }


def is_module(name: str) -> bool:
    """Say whether a name is that of a module or package of ours."""
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


class Normal(ast.NodeTransformer):
    """Leaves out docstrings, imports and the names of our own modules."""

    def __init__(self, own: set[str]) -> None:
        self.own = own

    def visit_Import(self, node: ast.Import) -> None:
        """Leave an import out."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Leave an import out."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Leave a docstring out."""
        return None if isinstance(node.value, ast.Constant) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Take ``module.name`` for ``name``."""
        if isinstance(node.value, ast.Name) and node.value.id in self.own:
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)  # type: ignore[return-value]


def fingerprint(statements: Iterable[Definition]) -> str:
    """Fingerprint definitions, whatever their order."""
    dumps = sorted(written(statement) for statement in statements)
    return hashlib.sha256("\n".join(dumps).encode()).hexdigest()[:16]


def written(node: object) -> str:
    """Write a syntax tree; what is empty is left out, which Python's versions do not agree on."""
    if isinstance(node, list):
        return f"[{', '.join(map(written, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
    return f"{type(node).__name__}({', '.join(f'{n}={written(v)}' for n, v in fields)})"


def recorded() -> dict[str, list[object]]:
    """Return part → version and fingerprint, as they were recorded."""
    found: dict[str, list[object]] = json.loads(RECORD.read_text())
    return found


def record(current: dict[str, list[object]]) -> None:
    """Record versions and fingerprints, a line each, so that branches rarely meet in one."""
    lines = (f" {json.dumps(part)}: {json.dumps(found)}" for part, found in sorted(current.items()))
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from code_parts import current_versions

    record(current_versions())
