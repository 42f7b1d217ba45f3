"""What the images have: small enough, complete, and enough to run without a network."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from environments import ROOT, Environment, finished, made, offline
from published import PublishedLake, forecast

pytestmark = pytest.mark.deploy

# python:3.11-slim-bookworm has 125 MB; Debian's Java 17 with what it needs, procps and tini 200 MB.
BASE_MB, JAVA_MB = 125, 200
# Of the API deltalake has 134 MB, pyarrow 95 and numpy 51, which nothing of theirs can leave.
LARGEST_MB = {"api": 470, "spark": 1600}
SCANNERS = ROOT / ".venv-scan" / "bin"
DOCKERFILES = sorted(ROOT.glob("Dockerfile.*"))
# Asks until the API answers, and prints the answers.
ASK = """
import sys, threading, time
from urllib.request import urlopen
from serving.__main__ import main

def ask():
    address = "http://127.0.0.1:8000"
    while True:
        try:
            urlopen(f"{address}/readyz").read()
            break
        except OSError:
            time.sleep(0.2)
    print(urlopen(f"{address}/predict?shop_id=57&item_id=5037").read().decode(), flush=True)
    import os, signal
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=ask, daemon=True).start()
sys.exit(main([]))
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return made("api", tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def spark_image(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return made("spark", tmp_path_factory.mktemp("spark"))


def test_the_image_of_the_api_is_small_and_has_no_spark(api: Environment) -> None:
    assert api.megabytes + BASE_MB < LARGEST_MB["api"]
    packages = (api.packages / "packages.txt").read_text().lower()
    assert not re.search(r"^(pyspark|xgboost|mlflow|pandas)", packages, re.MULTILINE)


def test_the_image_of_spark_is_small(spark_image: Environment) -> None:
    assert spark_image.megabytes + BASE_MB + JAVA_MB < LARGEST_MB["spark"]


def test_the_api_answers_without_a_network(api: Environment, tmp_path: Path) -> None:
    PublishedLake(tmp_path / "lake").publish("v1", forecast())
    folders = {"STATE_FOLDER": str(tmp_path / "state"), "CACHE_FOLDER": str(tmp_path / "cache")}
    variables = api.variables(tmp_path, LAKE_ROOT=str(tmp_path / "lake"), **folders)
    command = offline([str(api.python), "-c", ASK])
    done = subprocess.run(
        command,
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["forecasts"][0]["units"] == 1.3


def test_the_pipeline_runs_without_a_network(spark_image: Environment, tmp_path: Path) -> None:
    step = [str(spark_image.python), "-m", "jobs.pipeline", "--lake", "lake", "--folds", "1"]
    figures = finished(offline(step), spark_image.variables(tmp_path), tmp_path)
    assert figures["forecast"]["published"]
    assert figures["forecast"]["rows"] > 500


@pytest.mark.parametrize("image", ["api", "spark_image"])
def test_the_bill_of_materials_names_what_is_installed(
    image: str, request: pytest.FixtureRequest
) -> None:
    if not (SCANNERS / "cyclonedx-py").exists():
        pytest.skip("make deploy-tools installs cyclonedx-bom")
    environment: Environment = request.getfixturevalue(image)
    command = [str(SCANNERS / "cyclonedx-py"), "environment", "."]
    # As in make sbom: what a developer has installed in the working folder is not in the image.
    listed = subprocess.run(command, cwd=environment.packages, capture_output=True, check=True)
    bill = json.loads(listed.stdout)
    named = {f"{part['name']}=={part['version']}".lower() for part in bill["components"]}
    frozen = (environment.packages / "packages.txt").read_text().lower().split()
    assert {re.sub(r"[-_.]+", "-", each) for each in named} == {
        re.sub(r"[-_.]+", "-", each) for each in frozen
    }


def test_every_dockerfile_is_clean() -> None:
    if not (SCANNERS / "hadolint").exists():
        pytest.skip("make deploy-tools installs hadolint")
    command = [str(SCANNERS / "hadolint"), *map(str, DOCKERFILES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (len(DOCKERFILES), done.returncode, done.stdout) == (3, 0, "")
