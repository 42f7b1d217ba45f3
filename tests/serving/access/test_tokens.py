"""Bearer tokens of a configured issuer identify callers, if every claim is right."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asking import Client
from issuer import Issuer, running_issuer

from lakehouse.errors import UsageError
from serving.access import tokens
from serving.access.guard import requires
from serving.access.scopes import Scope
from serving.app import create_app
from serving.settings import ServingSettings


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


Ask = Callable[[str], int]


def client_of(settings: ServingSettings, **changes: Any) -> Ask:
    app = create_app(settings.model_copy(update=changes))
    app.get("/guarded", dependencies=[requires(Scope.WRITE)])(lambda: {})
    client = Client(app)
    return lambda token: (
        client.get("/guarded", headers={"Authorization": f"Bearer {token}"}).status_code
    )


@pytest.fixture
def ask(settings: ServingSettings, issuer: Issuer) -> Ask:
    return client_of(settings, oidc_issuer=issuer.url)


GRANTED = "openid shopcast:write"


def test_a_token_with_the_scope_is_answered(ask: Ask, issuer: Issuer) -> None:
    assert ask(issuer.token(scope=GRANTED)) == 200
    assert ask(issuer.token(scope=["shopcast:write"])) == 200


@pytest.mark.parametrize("scope", [None, "write", "openid shopcast:read", ["shopcast:train"]])
def test_a_token_without_the_scope_is_forbidden(ask: Ask, issuer: Issuer, scope: object) -> None:
    assert ask(issuer.token(scope=scope)) == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://other.example"},
        {"aud": "other"},
        {"aud": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"sub": None},
        {"nbf": 4_000_000_000},
        {"algorithm": "HS256"},
        {"algorithm": "none"},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_or_signature_is_unauthorized(
    ask: Ask, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert ask(issuer.token(scope=GRANTED, **claims)) == 401


def test_a_token_of_another_key_is_unauthorized(ask: Ask, issuer: Issuer) -> None:
    forger = Issuer()
    forger.server.server_close()
    assert ask(forger.token(iss=issuer.url, scope=GRANTED)) == 401
    assert ask("x.y.z") == 401


def test_a_new_key_of_the_issuer_counts_and_wrong_tokens_do_not_flood_the_issuer(
    settings: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "COOLDOWN_SECONDS", 0.2)
    with running_issuer() as issuer:
        ask = client_of(settings, oidc_issuer=issuer.url)
        old = issuer.token(scope=GRANTED)
        assert ask(old) == 200
        issuer.rotate("second")
        new = issuer.token(scope=GRANTED)
        asked = issuer.requests
        statuses = [ask(new) for _ in range(5)]
        assert issuer.requests - asked <= 2
        time.sleep(0.25)
        assert ask(new) == 200
        assert ask(old) == 401
        assert statuses == sorted(statuses, reverse=True)


def test_keys_are_valid_beside_tokens(
    ask: Ask, create_key: Callable[..., str], issuer: Issuer
) -> None:
    assert ask(create_key("write")) == 200
    assert ask(issuer.token(scope=GRANTED)) == 200


def test_a_token_of_an_issuer_that_is_away_is_to_be_sent_again(
    settings: ServingSettings, caplog: pytest.LogCaptureFixture
) -> None:
    away = Issuer()
    away.server.server_close()
    ask = client_of(settings, oidc_issuer=away.url)
    token = away.token(scope=GRANTED)
    assert ask(token) == 503
    assert "keys cannot be read" in caplog.text
    assert token not in caplog.text


@pytest.mark.parametrize("algorithms", ["HS256", "RS256,none", ""])
def test_an_algorithm_without_a_public_key_ends_the_start(
    settings: ServingSettings, algorithms: str
) -> None:
    with pytest.raises(UsageError, match=r"OIDC_ALGORITHMS: (HS256|none)"):
        client_of(settings, oidc_issuer="https://id.example", oidc_algorithms=algorithms)
