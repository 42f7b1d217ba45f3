"""Credentials by a token file: one exchange for a process, renewed in time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from token_store import TokenStore, token_store

from lakehouse.errors import LakeError
from lakehouse.identity import wallet
from lakehouse.lake import Lake
from lakehouse.storage import storage_options

LAKE = "s3a://retailer/lake"


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """The token file; it has the token that is accepted."""
    file = tmp_path / "token"
    file.write_text("one\n")
    return file


@pytest.fixture
def store(tmp_path: Path, token: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenStore]:
    """A token service, named by the environment."""
    with token_store(tmp_path) as running:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/shopcast")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", running.sts)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        wallet.wallet_of.cache_clear()
        yield running


def test_all_that_a_process_opens_shares_one_exchange(store: TokenStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        options = list(pool.map(lambda _: storage_options(LAKE), range(32)))
    assert options[0] is not None
    assert options == [options[0]] * 32
    assert set(options[0]) == {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    }
    assert len(store.exchanged) == 1


def test_credentials_are_renewed_before_they_end_by_the_token_of_then(
    store: TokenStore, token: Path
) -> None:
    store.life = 2
    before = storage_options(LAKE)
    store.rotate(token, "two")
    assert storage_options(LAKE) == before, "they are still good"
    time.sleep(1.6)
    assert storage_options(LAKE) != before
    assert (len(store.exchanged), store.turned_away) == (2, [])


def test_a_fault_of_the_service_is_waited_for(store: TokenStore) -> None:
    store.faults = 1
    assert storage_options(LAKE)
    assert len(store.exchanged) == 1


def test_a_token_that_is_refused_is_asked_for_once_and_told(store: TokenStore, token: Path) -> None:
    token.write_text("old")
    with pytest.raises(LakeError, match=r"does not answer.*400.*InvalidIdentityToken"):
        Lake.at(LAKE).require_store()
    assert store.turned_away == ["old"]


def test_a_missing_token_file_is_told(store: TokenStore, token: Path) -> None:
    token.unlink()
    with pytest.raises(LakeError, match=f"No such file or directory: '{token}'"):
        Lake.at(LAKE).require_store()
    assert store.exchanged == []


def test_keys_of_the_environment_and_other_stores_need_no_exchange(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storage_options("abfss://c@a.dfs.core.windows.net/lake") is None
    assert storage_options("file:///lake") is None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    assert storage_options(LAKE) is None
    monkeypatch.delenv("AWS_ROLE_ARN")
    assert storage_options(LAKE) is None
    assert store.exchanged == []
