"""The API starts, and answers, in an environment that has no Spark."""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from own_packages import PACKAGES, ROOT
from published import PublishedLake, forecast
from server import started

# pyarrow takes pandas along where it is installed; the API does not ask for it.
FORBIDDEN = ("pyspark", "delta", "xgboost", "mlflow", "features", "jobs", "modelling")
ANSWER = """
import asyncio, json, sys
import httpx
from serving.app import create_app
from serving.settings import ServingSettings
import serving.__main__

app = create_app(ServingSettings(lake_root=sys.argv[1]))
app.state.store.refresh()

async def ask():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        return (await client.get("/predict?shop_id=0&item_id=5037")).json()

print(json.dumps(asyncio.run(ask())))
"""
REFUSE = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FORBIDDEN!r}:
            raise AssertionError(f"the API imports {{name}}")

sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    published = PublishedLake(tmp_path / "lake")
    published.publish("v1", forecast())
    return published.folder


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_api_imports_neither_spark_nor_what_trains(lake: Path) -> None:
    answer = json.loads(run(sys.executable, "-c", REFUSE + ANSWER, lake))
    assert answer["forecasts"][0]["units"] == 1.3


def test_the_import_hook_refuses_spark() -> None:
    with pytest.raises(AssertionError, match="the API imports pyspark"):
        run(sys.executable, "-c", REFUSE + "import pyspark.sql")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the API alone, from a copy that pip may build in."""
    folder = tmp_path_factory.mktemp("api")
    source = folder / "source"
    source.mkdir()
    for name in ("setup.py", "pyproject.toml", *PACKAGES):
        copy(ROOT / name, source / name)
    python = folder / "venv" / "bin" / "python"
    venv.create(folder / "venv", with_pip=True)
    constraints = ROOT / "constraints.txt"
    pins = ["-c", constraints] if constraints.exists() else []
    run(python, "-m", "pip", "install", "--quiet", f"{source}[api]", *pins, cwd=folder)
    return python


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.exists():
        shutil.copy(source, target)


@pytest.mark.slow
def test_the_api_installs_and_serves_without_spark(
    python: Path, lake: Path, tmp_path: Path
) -> None:
    installed = json.loads(run(python, "-m", "pip", "list", "--format", "json", cwd=tmp_path))
    assert not {package["name"] for package in installed} & {*FORBIDDEN, "pandas"}
    start = (str(python), "-P", "-W", "error", "-m", "serving")
    with started(tmp_path, "--lake", str(lake), start=start) as server, server.client() as client:
        server.wait_until(lambda: client.get("/readyz").status_code == 200)
        answer = client.get("/predict?shop_id=0&item_id=5037")
        assert answer.json()["forecasts"][0]["units"] == 1.3
        assert server.stop() == 0
