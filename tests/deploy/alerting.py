"""Prometheus and Alertmanager with the project's rules and routes, as processes beside a test."""

import copy
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from watching.alertmanager import ADDRESS, alertmanager
from watching.prometheus_rules import rule_files

JOBS = ("shopcast-api", "shopcast-lake", "shopcast-ingest", "shopcast-refresh")
PROGRAMS = ("prometheus", "prometheus-alertmanager")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Watched:
    """What is watched: a page of metrics for each job; None: the process is not there.

    Attributes:
        pages: job → text.
        told: what receivers were told: (receiver, status, alert).
        errors: errors of the API in half a second.
    """

    pages: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(JOBS, ""))
    told: list[tuple[str, str, str]] = field(default_factory=list)
    errors: int = 0

    def wait_for(self, met: Callable[[list[tuple[str, str, str]]], bool], seconds: float) -> None:
        """Wait until the notifications meet a condition."""
        until = time.monotonic() + seconds
        while not met(self.told):
            assert time.monotonic() < until, self.told
            time.sleep(0.2)

    def wait_for_silence(self, seconds: float) -> None:
        """Wait until nobody has been told of anything for a while, and forget what was told."""
        while True:
            before = len(self.told)
            time.sleep(seconds)
            if len(self.told) == before:
                self.told.clear()
                return


@contextmanager
def served(watched: Watched) -> Iterator[int]:
    """Serve the pages of metrics and receive the notifications."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = watched.pages.get(self.path.strip("/"))
            self.send_response(503 if page is None else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write((page or "").encode())

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in told["alerts"]:
                name = alert["labels"]["alertname"]
                watched.told.append((self.path.strip("/"), alert["status"], name))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def process(*command: str) -> Iterator[None]:
    """Run a program while a block runs."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
        assert running.poll() is None, f"{command[0]} has ended"
    finally:
        running.terminate()
        running.wait(20)


def quick_rules() -> dict[str, Any]:
    """Return the rules with seconds in the place of the minutes that an alert must hold."""
    rules = copy.deepcopy(rule_files())
    for content in rules.values():
        for group in content["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = "2s"
    return rules


def quick_routes(port: int) -> dict[str, Any]:
    """Return the routes with short waits, to this test's receiver."""
    routes = alertmanager()
    routes["route"] |= {"group_wait": "3s", "group_interval": "2s"}
    routes["global"] = {"resolve_timeout": "10s"}
    text = yaml.safe_dump(routes).replace(ADDRESS, f"http://127.0.0.1:{port}")
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


@contextmanager
def alerting(folder: Path) -> Iterator[Watched]:
    """Run both servers over pages that the test changes."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{missing[0]} is missing: make deploy-tools")
    watched, prometheus, manager = Watched(), free_port(), free_port()
    with ExitStack() as stack:
        port = stack.enter_context(served(watched))
        for name, content in quick_rules().items():
            (folder / name).write_text(yaml.safe_dump(content))
        scrapes = [
            {
                "job_name": job,
                "metrics_path": f"/{job}",
                "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
            }
            for job in JOBS
        ]
        told = {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{manager}"]}]}]}
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["*.yml"],
            "alerting": told,
            "scrape_configs": scrapes,
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        (folder / "alertmanager.yaml").write_text(yaml.safe_dump(quick_routes(port)))
        stack.enter_context(
            process(
                "prometheus-alertmanager",
                f"--config.file={folder / 'alertmanager.yaml'}",
                f"--storage.path={folder / 'manager'}",
                f"--web.listen-address=127.0.0.1:{manager}",
                "--cluster.listen-address=",
            )
        )
        stack.enter_context(
            process(
                "prometheus",
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
            )
        )
        yield watched


def page(**figures: float | str) -> str:
    """Write a page of metrics; ``__`` in a name begins the labels: ``name__label_value``."""
    lines = []
    for name, value in figures.items():
        plain, _, label = name.partition("__")
        labels = re.sub(r"^(\w+?)_(\w+)$", r'{\1="\2"}', label) if label else ""
        lines.append(f"{plain}{labels} {value}")
    return "\n".join(lines) + "\n"
