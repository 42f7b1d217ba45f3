"""A body is received within limits of size and time, and goes on after a cut connection."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx
import pytest
from asking import Client
from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from uploading import JSON, PARQUET, Uploader, json_list, path_of, sale

from serving.uploads.limits import Limits
from serving.uploads.protocol import Part
from serving.uploads.receive import TooLargeError, TooSlowError, receive_body

BODY = json_list(sale(), sale(item_id="8"))
QUICK = Limits(body_bytes=100, seconds=0.5, window=0.1, window_bytes=10)


async def trickle(pieces: Iterable[bytes], pause: float = 0) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(pause)
        yield piece


async def cut(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
    raise ClientDisconnect


def receive(path: Path, chunks: AsyncIterator[bytes], offset: int = 0) -> bytes:
    asyncio.run(receive_body(chunks, path, offset, QUICK))
    return path.read_bytes()


def test_a_body_is_appended_at_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "body"
    assert receive(path, trickle([b"one", b"", b"two"])) == b"onetwo"
    assert receive(path, trickle([b"and"]), 3) == b"oneand"
    assert receive(path, trickle([])) == b""


def test_a_body_of_too_many_bytes_ends_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "body"
    assert len(receive(path, trickle([b"a" * 100]))) == 100
    with pytest.raises(TooLargeError):
        receive(path, trickle([b"a"]), 100)
    with pytest.raises(TooLargeError):
        receive(path, trickle([b"a" * 60] * 1000))


@pytest.mark.parametrize(
    ("pieces", "pause"),
    [([b"a"] * 60, 0.02), ([b"a"], 10.0), ([b"a" * 11] * 100, 0.06)],
    ids=["a byte now and then", "nothing", "for too long"],
)
def test_a_body_that_comes_too_slowly_is_given_up(
    tmp_path: Path, pieces: list[bytes], pause: float
) -> None:
    with pytest.raises(TooSlowError):
        receive(tmp_path / "body", trickle(pieces, pause))


def test_an_announced_size_over_the_limit_is_refused_before_the_body(
    app: FastAPI, uploader: Uploader
) -> None:
    headers = {"Content-Length": str(app.state.uploads.limits.body_bytes + 1)}

    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body is read")
        yield b""

    response = uploader.post(unread(), **headers)
    assert response.status_code == 413
    assert uploader.get().status_code == 404


@pytest.mark.parametrize(
    ("media", "headers"),
    [
        ("text/plain", {}),
        ("", {}),
        (JSON, {"Content_Encoding": "br"}),
        (PARQUET, {"Content_Encoding": "gzip"}),
        ("text/csv; charset=zip", {}),
    ],
)
def test_a_form_that_is_not_accepted_is_refused_before_the_body(
    uploader: Uploader, media: str, headers: dict[str, str]
) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body is read")
        yield b""

    assert uploader.post(unread(), media=media, **headers).status_code == 415


def test_a_cut_upload_goes_on_from_its_offset(app: FastAPI, uploader: Uploader) -> None:
    whole = uploader.post(BODY, "whole")
    upload_id = path_of("key").rpartition("/")[2]
    cut_here = uploader.post(BODY[:20], Upload_Complete="?0")
    assert (cut_here.status_code, cut_here.headers["upload-offset"]) == (201, "20")
    with pytest.raises(Exception, match="not complete"):
        asyncio.run(app.state.uploads.take(upload_id, Part(20, True), cut(BODY[20:30])))
    head = uploader.ask("HEAD", path_of("key"))
    assert (head.status_code, head.headers["upload-offset"]) == (204, "30")
    assert head.headers["upload-complete"] == "?0"
    assert uploader.get().json()["state"] == "interrupted"
    resumed = resume(uploader, BODY[30:40], 30, Upload_Complete="?0")
    assert (resumed.status_code, resumed.headers["upload-offset"]) == (204, "40")
    assert resume(uploader, BODY[41:], 41).headers["upload-offset"] == "40"
    done = resume(uploader, BODY[40:], 40)
    assert done.status_code == 202
    names = ("read", "accepted", "rejected", "repeated", "state")
    assert [done.json()[name] for name in names] == [whole.json()[name] for name in names]
    head = uploader.ask("HEAD", path_of("key"))
    assert head.headers["upload-offset"] == str(len(BODY))
    assert head.headers["upload-complete"] == "?1"
    assert uploader.post(BODY).content == done.content
    assert resume(uploader, b"", len(BODY)).content == done.content
    assert resume(uploader, b"more", len(BODY)).status_code == 422


def resume(uploader: Uploader, part: bytes, offset: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fixed = {"Content-Type": "application/partial-upload", "Upload-Offset": str(offset)}
    return uploader.ask("PATCH", path_of("key"), content=part, headers={**fixed, **named})


def test_an_upload_is_resumed_by_valid_headers_alone(uploader: Uploader) -> None:
    uploader.post(BODY[:5], Upload_Complete="?0")
    for headers, status in (
        ({"Content_Type": JSON}, 415),
        ({"Upload_Offset": "-1"}, 400),
        ({"Upload_Offset": "9" * 20}, 400),
        ({"Upload_Complete": "yes"}, 400),
    ):
        assert resume(uploader, BODY[5:], 5, **headers).status_code == status
    assert uploader.ask("HEAD", path_of("other")).status_code == 404
    assert uploader.ask("HEAD", "/update_data/other").status_code == 422


def test_an_upload_begun_anew_replaces_the_part_before(uploader: Uploader, client: Client) -> None:
    assert client.app
    uploader.post(b"[rubbish", Upload_Complete="?0")
    assert uploader.post(BODY).status_code == 202
