"""An OpenID Connect issuer on this machine: discovery document, keys, tokens."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm


class Issuer:
    def __init__(self) -> None:
        self.keys: dict[str, RSAPrivateKey] = {}
        self.requests = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.rotate("first")

    def rotate(self, name: str) -> None:
        """Publish a new key instead of the keys before."""
        self.keys = {name: generate_private_key(65537, 2048)}

    def token(self, name: str | None = None, algorithm: str = "RS256", **claims: Any) -> str:
        """Issue a token that is valid but for the claims passed; None leaves a claim out."""
        name = name or next(iter(self.keys))
        usual = {"iss": self.url, "aud": "shopcast", "sub": "ann", "exp": int(time.time()) + 60}
        stated = {k: v for k, v in {**usual, **claims}.items() if v is not None}
        key: Any = self.keys[name] if algorithm == "RS256" else "secret" * 10
        key = None if algorithm == "none" else key
        return jwt.encode(stated, key, algorithm, headers={"kid": name})

    def document(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.requests += 1
        return {
            "keys": [
                {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}
                for name, key in self.keys.items()
            ]
        }

    def handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(issuer.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.server.shutdown()
        issuer.server.server_close()
        thread.join()
