"""Azurite, Microsoft's emulator of Azure's Blob Storage, with an empty container."""

import base64
import hashlib
import hmac
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from streaming.local_broker.properties import free_port

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PROGRAM = CACHE / "shopcast" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
# The emulator's account, which Microsoft's documents name.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
VERSION = "2021-08-06"


@contextmanager
def running_azure(pair: Path | None = None) -> Iterator[str]:
    """Run the emulator, and return its address; the test skips where it is not installed.

    Args:
        pair: folder of ca.pem, server.pem and server.key, to use bearer tokens; None: keys.
    """
    node = shutil.which("node")
    if not PROGRAM.exists() or node is None:
        pytest.skip("make deploy-tools installs azurite, from npm")
    port = free_port()
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    if pair is not None:
        options += [
            "--oauth",
            "basic",
            "--cert",
            f"{pair}/server.pem",
            "--key",
            f"{pair}/server.key",
        ]
    command = [node, str(PROGRAM.resolve()), "--blobPort", str(port), *options]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http{'s' if pair else ''}://127.0.0.1:{port}"
    trusted = ssl.create_default_context(cafile=pair / "ca.pem") if pair else None
    try:
        create_container(address, "retailer", trusted)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def create_container(address: str, container: str, trusted: ssl.SSLContext | None) -> None:
    """Create a container as soon as the emulator answers."""
    for _ in range(300):
        headers = signed_headers(f"/{ACCOUNT}/{ACCOUNT}/{container}")
        url = f"{address}/{ACCOUNT}/{container}?restype=container"
        try:
            urlopen(Request(url, b"", headers, method="PUT"), timeout=10, context=trusted).close()
            return
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the emulator did not start")


def signed_headers(resource: str) -> dict[str, str]:
    """Sign the creation of a container with the account's key."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    own = f"x-ms-date:{date}\nx-ms-version:{VERSION}"
    kind = "application/octet-stream"
    text = f"PUT\n\n\n\n\n{kind}\n\n\n\n\n\n\n{own}\n{resource}\nrestype:container"
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    return {
        "x-ms-date": date,
        "x-ms-version": VERSION,
        "Content-Type": kind,
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
    }


def variables(address: str) -> dict[str, str]:
    """Return the variables by which delta-rs finds the emulator."""
    return {
        "AZURE_STORAGE_USE_EMULATOR": "true",
        "AZURITE_BLOB_STORAGE_URL": address,
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
    }
