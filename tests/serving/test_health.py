"""What /healthz and /readyz answer."""

import shutil
from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI
from published import CUTOFF, PublishedLake, forecast

from serving.app import create_app
from serving.lookup.store import Store
from serving.settings import ServingSettings


def client_of(app: FastAPI) -> Client:
    app.state.store.refresh()
    return Client(app)


def test_a_process_without_a_lake_lives_and_says_what_it_waits_for(tmp_path: Path) -> None:
    client = client_of(create_app(ServingSettings(lake_root=str(tmp_path / "none"))))
    assert client.get("/healthz").json() == {"status": "alive"}
    for path in ("/readyz", "/predict?shop_id=1&item_id=1"):
        response = client.get(path)
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["retry-after"] == "60"
        assert response.json()["detail"] == (
            "The lake: no such folder; run ingest_history first, or name another lake."
        )
    assert not (tmp_path / "none").exists()


def test_a_folder_that_is_no_lake_is_said(tmp_path: Path) -> None:
    client = client_of(create_app(ServingSettings(lake_root=str(tmp_path))))
    assert "no lake here" in client.get("/readyz").json()["detail"]


def test_before_the_first_forecasts_it_says_so(client: Client, store: Store) -> None:
    assert "not read yet" in client.get("/readyz").json()["detail"]
    store.refresh()
    assert "no forecasts are published" in client.get("/readyz").json()["detail"]


def test_a_ready_process_names_what_it_serves(
    client: Client, published: PublishedLake, store: Store
) -> None:
    published.publish("v1", forecast(), forecast("57", "7"))
    store.refresh()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "version": "v1",
        "cutoff": "2015-10",
        "published_at": "2015-11-03T02:00:00Z",
        "rows": 2,
        "fault": None,
    }
    published.publish("v2", forecast(), rows=3)
    store.refresh()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["version"]) == (200, "v1")
    assert "3 were published" in response.json()["fault"]


@pytest.mark.parametrize(("greatest", "status"), [(None, 200), (2, 200), (1, 503)])
def test_data_too_old_are_not_ready_and_still_answered(
    published: PublishedLake, app: FastAPI, greatest: int | None, status: int
) -> None:
    published.publish("v1", forecast(), cutoff=CUTOFF)
    settings = ServingSettings(lake_root=str(published.folder), max_age_months=greatest)
    client = client_of(create_app(settings, app.state.clock))
    response = client.get("/readyz")
    assert response.status_code == status
    if status == 503:
        assert response.json()["detail"] == (
            "The data are too old: cutoff 2015-10 is 2 months ago, MAX_AGE_MONTHS is 1; "
            "publish newer forecasts."
        )
    assert client.get("/predict?shop_id=57&item_id=5037").status_code == 200


def test_no_answer_says_where_the_lake_is(
    client: Client, published: PublishedLake, store: Store
) -> None:
    """Not before the first read, of nothing published, a broken version, table or lake."""
    folder = str(published.folder)

    def require_no_place() -> None:
        for path in ("/readyz", "/predict?shop_id=1&item_id=1", "/healthz"):
            assert folder not in client.get(path).text
            assert "://" not in client.get(path).text.replace("https://", "")

    require_no_place()
    breaks = (
        lambda: None,
        lambda: published.publish("v1", forecast(), rows=3),
        lambda: shutil.rmtree(published.folder / "silver"),
        lambda: (published.folder / "lake.json").write_text("{"),
        lambda: shutil.rmtree(published.folder),
    )
    for cause in breaks:
        cause()
        store.refresh()
        assert client.get("/readyz").status_code == 503
        require_no_place()
