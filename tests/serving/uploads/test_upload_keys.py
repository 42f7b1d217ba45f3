"""The Idempotency-Key: the same key and body give the same answer, and each row once."""

from datetime import timedelta
from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI
from uploading import JSON, NDJSON, Uploader, json_list, path_of, sale

from serving.settings import ServingSettings
from serving.uploads.service import Uploads
from serving.uploads.store import UploadStore
from serving.uploads.upload import UploadStatus


@pytest.fixture
def store(settings: ServingSettings) -> UploadStore:
    return UploadStore(settings.state)


def landed(settings: ServingSettings) -> list[Path]:
    return sorted(settings.landing.glob("sales*")) if settings.landing.exists() else []


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "two words", "\u00e9".encode("latin-1")])
def test_an_upload_needs_a_key(uploader: Uploader, key: str) -> None:
    response = uploader.post(json_list(sale()), key)
    assert response.status_code == 400
    assert response.json()["type"] == "tag:shopcast,2026:idempotency-key-missing"


def test_the_same_key_and_body_give_the_same_answer_and_land_once(
    uploader: Uploader, settings: ServingSettings
) -> None:
    body = json_list(sale(), sale(date="x"))
    first = uploader.post(body, "one")
    again = uploader.post(body, '"one"')
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert len(landed(settings)) == 1
    assert first.headers["location"] == path_of("one")
    assert uploader.get("one").content == first.content


def test_another_body_under_a_used_key_is_refused(uploader: Uploader) -> None:
    body = json_list(sale())
    uploader.post(body)
    for response in (
        uploader.post(json_list(sale(units=3))),
        uploader.post(body, what="shops"),
        uploader.post(body, media=NDJSON),
    ):
        assert response.status_code == 422
        assert response.json()["type"] == "tag:shopcast,2026:idempotency-key-reused"
        assert response.headers["location"] == path_of("key")
    assert uploader.post(body).status_code == 202


def test_a_key_that_is_worked_on_is_answered_with_its_place(
    uploader: Uploader, store: UploadStore
) -> None:
    uploader.post(json_list(sale()))
    with store.files(path_of("key").rpartition("/")[2]).claim():
        response = uploader.post(json_list(sale()))
    assert response.status_code == 409
    assert int(response.headers["retry-after"]) > 0
    assert path_of("key") in response.headers["link"]


def test_an_upload_that_a_killed_process_left_is_done_by_the_same_request(
    uploader: Uploader, store: UploadStore, settings: ServingSettings
) -> None:
    body = json_list(sale())
    answer = uploader.post(body)
    upload = store.find(path_of("key").rpartition("/")[2])
    assert upload is not None
    store.files(upload.id).body.write_bytes(body)
    store.update(
        type(upload)(**{**vars(upload), "state": UploadStatus.SENDING, "counts": upload.counts})
    )
    assert uploader.get().json()["state"] == "interrupted"
    assert uploader.post(body).content == answer.content
    assert len(landed(settings)) == 1


def test_a_key_is_forgotten_after_seven_days(
    app: FastAPI, uploader: Uploader, settings: ServingSettings
) -> None:
    uploader.post(json_list(sale()))
    service: Uploads = app.state.uploads
    app.state.uploads = Uploads(
        service.store,
        service.limits,
        service.landing_folder,
        service.lake_root,
        lambda: service.clock() + timedelta(days=7, seconds=1),
    )
    assert uploader.post(json_list(sale(units=3)), "other").status_code == 202
    assert uploader.get().status_code == 404
    assert len(list((settings.state.path / "uploads").iterdir())) == 1


def test_uploads_are_listed_newest_first(uploader: Uploader) -> None:
    assert uploader.ask("GET", "/update_data").json() == {"uploads": []}
    for key in ("a", "b"):
        uploader.post(json_list(sale()), key)
    listed = uploader.ask("GET", "/update_data?limit=1").json()["uploads"]
    assert len(listed) == 1
    assert uploader.ask("GET", "/update_data?limit=0").status_code == 422
    assert len(uploader.ask("GET", "/update_data").json()["uploads"]) == 2


def test_a_refused_method_is_answered_with_those_of_the_path(uploader: Uploader) -> None:
    for path, methods in (
        ("/update_data", "GET, HEAD, POST"),
        (path_of("key"), "GET, HEAD, PATCH"),
    ):
        response = uploader.ask("PUT", path)
        assert (response.status_code, response.headers["allow"]) == (405, methods)


def test_uploads_need_the_scope_write(client: Client, uploader: Uploader) -> None:
    for method, path in (
        ("POST", "/update_data"),
        ("GET", "/update_data"),
        ("GET", path_of("key")),
        ("GET", f"{path_of('key')}/errors"),
        ("PATCH", path_of("key")),
    ):
        response = client.request(method, path, content=b"x", headers={"Content-Type": JSON})
        assert response.status_code == 401
    assert uploader.get("unknown").status_code == 404
