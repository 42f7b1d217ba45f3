"""A real Elasticsearch 8.19 on this machine: its core, which Maven Central has.

    python tests/elastic_server.py

fetches it once (107 MB).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = "8.19.21"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopcast"
HOME = CACHE / f"elasticsearch-{VERSION}"
READY_SECONDS = 120
# Elasticsearch refuses to run as root.
USER = 65534


def fetch() -> None:
    """Fetch and unpack the server."""
    if HOME.exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        options = [f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
        subprocess.run(["mvn", "-q", "-B", PLUGIN, *options], check=True)
        shutil.unpack_archive(next(Path(folder).glob("*.zip")), folder)
        (Path(folder) / HOME.name).rename(HOME)


def is_available() -> bool:
    """Return whether the server was fetched and Java is known."""
    return HOME.exists() and shutil.which("java") is not None


@contextmanager
def running() -> Iterator[str]:
    """Run the server while a block runs; return its address."""
    # Not in pytest's folder, which is closed to other users.
    with tempfile.TemporaryDirectory(prefix="elasticsearch-") as place:
        home, log = Path(place) / "server", Path(place) / "log"
        shutil.copytree(HOME, home)
        port = free_port()
        configure(home, port)
        server = start(home, log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(60)


def free_port() -> int:
    """Return a port that no program listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(home: Path, port: int) -> None:
    """Write the configuration of a single node without security."""
    config = {
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        "http.port": port,
        "transport.port": "0",
        "http.host": "127.0.0.1",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }
    text = "".join(f"{name}: {value}\n" for name, value in config.items())
    (home / "config" / "elasticsearch.yml").write_text(text)
    for script in (home / "bin").iterdir():
        script.chmod(0o755)


def start(home: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start the server, as another user where this one is root."""
    is_root = os.geteuid() == 0
    if is_root:
        home.parent.chmod(0o755)
        for path in (home, *home.rglob("*")):
            os.chown(path, USER, USER)
    java = Path(shutil.which("java") or "").resolve().parents[1]
    environment = {"PATH": os.environ["PATH"], "ES_JAVA_HOME": str(java), "HOME": str(home)}
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(home / "bin" / "elasticsearch")],
            env={**environment, "ES_JAVA_OPTS": "-Xms512m -Xmx512m"},
            stdout=output,
            stderr=subprocess.STDOUT,
            **({"user": USER, "group": USER, "extra_groups": []} if is_root else {}),
        )


def wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_cluster/health?wait_for_status=yellow") as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"Elasticsearch did not start:\n{log.read_text()[-2000:]}")


if __name__ == "__main__":
    fetch()
    sys.exit(0)
