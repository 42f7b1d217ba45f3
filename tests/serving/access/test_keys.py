"""Keys are created, rotated and revoked, and count in running servers without a restart."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asking import Client
from fastapi import FastAPI

from lakehouse.errors import UsageError
from serving.__main__ import main
from serving.access import identity
from serving.access.guard import requires
from serving.access.key_store import KeyStore
from serving.access.keys import generate_key
from serving.access.scopes import Scope
from serving.app import create_app
from serving.settings import ServingSettings

NOW = datetime(2015, 12, 31, 23, tzinfo=UTC)


@pytest.fixture
def store(settings: ServingSettings) -> KeyStore:
    return KeyStore(settings.state)


@pytest.fixture
def ask(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Asks for a guarded route with a key, as after the time until keys are read again."""
    monkeypatch.setattr(identity, "REREAD_SECONDS", 0)
    app.get("/guarded", dependencies=[requires(Scope.WRITE)])(lambda: {})
    client = Client(app)
    return lambda key: (
        client.get("/guarded", headers={"Authorization": f"Bearer {key}"}).status_code
    )


def test_a_new_key_counts_and_a_revoked_one_does_not(
    ask: Callable[[str], int], store: KeyStore
) -> None:
    key = store.create("till", [Scope.WRITE])
    assert ask(key) == 200
    store.revoke(key[9:21], NOW)
    assert ask(key) == 401


def test_keys_are_read_again_within_five_seconds() -> None:
    assert identity.REREAD_SECONDS < 5


def test_both_keys_are_valid_in_the_overlap_of_a_rotation(
    app: FastAPI, ask: Callable[[str], int], store: KeyStore
) -> None:
    old, key = generate_key("till", frozenset({Scope.WRITE}), NOW, NOW + timedelta(days=30))
    store.add(key)
    new = store.rotate(old[9:21], timedelta(hours=1), NOW)
    assert (ask(old), ask(new)) == (200, 200)
    app.state.identities._clock = lambda: NOW + timedelta(hours=1)
    assert (ask(old), ask(new)) == (401, 200)
    with pytest.raises(UsageError, match="expired"):
        store.rotate(old[9:21], timedelta(hours=1), NOW + timedelta(hours=2))


def test_a_rotation_never_prolongs_a_key(store: KeyStore) -> None:
    _, key = generate_key("till", frozenset({Scope.WRITE}), NOW, NOW + timedelta(minutes=1))
    store.add(key)
    store.rotate(key.id, timedelta(hours=1), NOW)
    ends = {kept.id: kept.expires_at for kept in store.list()}
    assert ends[key.id] == NOW + timedelta(minutes=1)


def test_nothing_that_is_kept_has_the_key(store: KeyStore) -> None:
    key = store.create("till", [Scope.WRITE])
    for file in store.state.path.iterdir():
        assert key[22:].encode() not in file.read_bytes()
    assert store.state.path.stat().st_mode & 0o077 == 0


def test_an_unknown_key_to_revoke_is_named(store: KeyStore) -> None:
    with pytest.raises(UsageError, match="'0123': no such key"):
        store.revoke("0123", NOW)


def test_keys_of_a_file_count_and_leave_with_their_entry(
    published_settings: ServingSettings,
    keys_file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    argv = ["keys", "create", "--name", "till", "--scope", "write", "--for-file"]
    assert main(argv) == 0
    output = capsys.readouterr()
    keys_file.write_text(f"[{output.err.splitlines()[-1]}]")
    monkeypatch.setattr(identity, "REREAD_SECONDS", 0)
    app = create_app(published_settings)
    app.get("/guarded", dependencies=[requires(Scope.WRITE)])(lambda: {})
    headers = {"Authorization": f"Bearer {output.out.strip()}"}
    client = Client(app)
    assert client.get("/guarded", headers=headers).status_code == 200
    keys_file.write_text("[")
    assert client.get("/guarded", headers=headers).status_code == 200, "the last sound keys stay"
    keys_file.write_text("[]")
    assert client.get("/guarded", headers=headers).status_code == 401
    assert not (published_settings.state.database).exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("[", "the file: Invalid JSON"), ('[{"id": "x"}]', "0.id: String should match")],
)
def test_a_wrong_file_of_keys_ends_the_start(
    published_settings: ServingSettings, keys_file: Path, text: str, sentence: str
) -> None:
    keys_file.write_text(text)
    with pytest.raises(UsageError, match=sentence):
        create_app(published_settings)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def published_settings(settings: ServingSettings, keys_file: Path) -> ServingSettings:
    return settings.model_copy(update={"keys_file": keys_file})


@pytest.fixture
def command(
    settings: ServingSettings, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["keys", *words, "--lake", settings.lake_root])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def test_the_command_creates_lists_rotates_and_revokes(
    command: Callable[..., tuple[int, str, str]], store: KeyStore
) -> None:
    code, key, _ = command(
        "create", "--name", "till", "--scope", "read", "write", "--expires", "90d"
    )
    assert (code, key.count("\n")) == (0, 1)
    key_id, secret = key.strip()[9:21], key.strip()[22:]
    code, listed, _ = command("list")
    assert f"{key_id}  read,write" in listed
    assert "valid" in listed
    assert secret not in listed
    code, successor, _ = command("rotate", key_id, "--overlap", "30m")
    assert (code, len(store.list())) == (0, 2)
    assert command("revoke", successor[9:21])[0] == 0
    assert "revoked" in command("list")[1]
    assert command("revoke", "nothing") == (
        2,
        "",
        "'nothing': no such key; `python -m serving keys list` shows the ids.\n",
    )


def test_reading_creates_nothing(store: KeyStore) -> None:
    assert store.list() == []
    assert not store.state.path.exists()
