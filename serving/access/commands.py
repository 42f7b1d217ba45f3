"""Command `python -m serving keys`: create, list, revoke and rotate keys of the API.

A change counts within five seconds in a running server; no restart is needed.
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from lakehouse.errors import UsageError
from serving.access.key_file import render_entry
from serving.access.key_store import KeyStore
from serving.access.keys import Key, generate_key
from serving.access.scopes import Scope

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SPAN = re.compile(r"([1-9][0-9]{0,5})([mhd])")
# Long enough to hand the new key to all who use it.
OVERLAP = timedelta(days=1)


def parser() -> argparse.ArgumentParser:
    """Build the command-line parser."""
    parser = argparse.ArgumentParser(prog="python -m serving keys", description=__doc__)
    add_lake(parser, None)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="create a key and print it, this once")
    create.add_argument("--name", required=True, help="who holds the key")
    create.add_argument(
        "--scope", dest="scopes", choices=[*map(str, Scope)], nargs="+", required=True
    )
    create.add_argument("--expires", type=parse_span, metavar="SPAN", help="90d, 12h (never)")
    create.add_argument(
        "--for-file", action="store_true", help="store nothing; print an entry for KEYS_FILE"
    )
    commands.add_parser("list", help="list the keys, without the keys themselves")
    commands.add_parser("revoke", help="revoke a key for good").add_argument("id")
    rotate = commands.add_parser("rotate", help="create the successor of a key and print it")
    rotate.add_argument("id")
    rotate.add_argument(
        "--overlap", type=parse_span, default=OVERLAP, metavar="SPAN", help="both are valid (1d)"
    )
    for command in commands.choices.values():
        add_lake(command, argparse.SUPPRESS)
    return parser


def add_lake(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add --lake, which may stand before and behind the name of a command."""
    parser.add_argument(
        "--lake", dest="lake_root", metavar="URI", default=default, help="of the server (LAKE_ROOT)"
    )


def parse_span(text: str) -> timedelta:
    """Parse a span of time such as ``90d``, ``12h`` or ``30m``.

    Raises:
        ArgumentTypeError: the text is no span.
    """
    match = SPAN.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a span; write 30m, 12h or 90d")
    return timedelta(**{UNITS[match.group(2)]: int(match.group(1))})


def main(argv: Sequence[str], open_store: Callable[[str | None], KeyStore]) -> int:
    """Run a command of keys.

    Args:
        argv: the words after ``keys``.
        open_store: opens the keys of a lake's server; None: of LAKE_ROOT.

    Returns:
        The exit code.
    """
    arguments = parser().parse_args(argv)
    try:
        run(arguments, open_store)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def run(arguments: argparse.Namespace, open_store: Callable[[str | None], KeyStore]) -> None:
    """Run a command, with the key alone on standard output."""
    now = datetime.now(UTC)
    if arguments.command == "create":
        expires_at = now + arguments.expires if arguments.expires else None
        text, key = generate_key(
            arguments.name, frozenset(map(Scope, arguments.scopes)), now, expires_at
        )
        if arguments.for_file:
            sys.stderr.write(f"Add to the list in KEYS_FILE:\n{render_entry(key)}\n")
        else:
            open_store(arguments.lake_root).add(key)
            sys.stderr.write("The key is shown this once; only its digest is kept.\n")
        sys.stdout.write(f"{text}\n")
        return
    store = open_store(arguments.lake_root)
    if arguments.command == "list":
        sys.stdout.writelines(describe(key, now) for key in store.list())
    elif arguments.command == "revoke":
        store.revoke(arguments.id, now)
    else:
        sys.stdout.write(f"{store.rotate(arguments.id, arguments.overlap, now)}\n")


def describe(key: Key, now: datetime) -> str:
    """Describe a key in one line: id, scopes, state and name."""
    until = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "no expiry"
    ended = "revoked" if key.revoked_at else "expired"
    state = ended if key.why_invalid(now) else "valid"
    return f"{key.id}  {','.join(sorted(key.scopes)):25}  {state:7}  {until:26}  {key.name}\n"
