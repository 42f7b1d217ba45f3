"""Token services of AWS and Azure, and an S3 that admits only what the service gave out."""

import http.client
import ipaddress
import json
import re
import ssl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PKCS12Certificate,
    serialize_java_truststore,
)

PASSWORD = "changeit"
GIVEN = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{key}</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>session-{key}</SessionToken>
<Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn><AssumedRoleId>A:s</AssumedRoleId>
</AssumedRoleUser></AssumeRoleWithWebIdentityResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>"""
REFUSED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>{code}</Code><Message>not this one</Message></Error></ErrorResponse>"""
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "server", "date", "expect"}


@dataclass
class TokenStore:
    """What is accepted, and what was asked.

    Attributes:
        accepted: the tokens that are exchanged.
        life: how long credentials live, seconds.
        faults: answers with 503 that come before the next good one.
        exchanged: the program that asked, for each exchange.
        turned_away: tokens that were not exchanged, and requests to S3 without valid credentials.
        sts, entra, s3: addresses of AWS's and Azure's token services, and of S3.
    """

    accepted: set[str] = field(default_factory=lambda: {"one"})
    life: float = 3600
    faults: int = 0
    exchanged: list[str] = field(default_factory=list)
    turned_away: list[str] = field(default_factory=list)
    sts: str = ""
    entra: str = ""
    s3: str = ""
    _ends: dict[str, datetime] = field(default_factory=dict)

    def exchange(self, token: str, program: str) -> tuple[int, str]:
        """Answer a token by a status and a document."""
        if self.faults:
            self.faults -= 1
            return 503, REFUSED.format(code="ServiceUnavailable")
        if token not in self.accepted:
            self.turned_away.append(token)
            return 400, REFUSED.format(code="InvalidIdentityToken")
        key = f"ASIA{uuid.uuid4().hex[:16].upper()}"
        self._ends[key] = datetime.now(UTC) + timedelta(seconds=self.life)
        self.exchanged.append(program)
        return 200, GIVEN.format(key=key, ends=self._ends[key])

    def rotate(self, file: Path, token: str) -> None:
        """Write another token into a file; from then on those before it are not exchanged."""
        self.accepted.add(token)
        # As the kubelet does it: readers see one token or the other.
        aside = file.with_suffix(".new")
        aside.write_text(token)
        aside.replace(file)
        self.accepted = {token}

    def admits(self, headers: http.client.HTTPMessage) -> bool:
        """Return whether a request is signed with credentials that were given out and live."""
        signed = re.search(r"Credential=(\w+)/", headers.get("Authorization", ""))
        key = signed[1] if signed else ""
        is_alive = key in self._ends and self._ends[key] > datetime.now(UTC)
        return is_alive and headers.get("x-amz-security-token") == f"session-{key}"


class Handler(BaseHTTPRequestHandler):
    """A request handler that keeps connections and logs nothing."""

    protocol_version = "HTTP/1.1"
    store: TokenStore
    behind: int

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Sts(Handler):
    """AssumeRoleWithWebIdentity."""

    def do_POST(self) -> None:
        form = parse_qs(self.body().decode())
        assert form["Action"] == ["AssumeRoleWithWebIdentity"]
        program = self.headers.get("User-Agent", "").partition("/")[0]
        status, document = self.store.exchange(form["WebIdentityToken"][0], program)
        self.answer(status, document.encode(), **{"Content-Type": "text/xml"})


class Entra(Handler):
    """The token endpoint of Microsoft Entra ID, for a federated token."""

    def do_POST(self) -> None:
        form = parse_qs(self.body().decode())
        assert form["scope"] == ["https://storage.azure.com/.default"]
        token, program = form["client_assertion"][0], self.headers.get("User-Agent", "")
        status, _ = self.store.exchange(token, program.partition("/")[0])
        if status != 200:
            self.answer(status, b'{"error": "invalid_client", "error_description": "not this one"}')
            return
        now = int(time.time())
        claims = {"iss": "https://sts.windows.net/t/", "aud": "https://storage.azure.com"}
        times = {"iat": now, "nbf": now, "exp": now + int(self.store.life)}
        bearer = jwt.encode({**claims, **times}, "s" * 32, algorithm="HS256")
        given = {"token_type": "Bearer", "expires_in": int(self.store.life), "access_token": bearer}
        self.answer(200, json.dumps(given).encode(), **{"Content-Type": "application/json"})


class S3(Handler):
    """Passes admitted requests on to the server behind."""

    def pass_on(self) -> None:
        content = self.body()
        if not self.store.admits(self.headers):
            self.store.turned_away.append(self.path)
            self.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.behind)
        behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                behind.putheader(name, value)
        behind.endheaders(content)
        answer = behind.getresponse()
        kept = {n: v for n, v in answer.getheaders() if n.lower() not in HOP_BY_HOP}
        if self.command == "HEAD":
            kept["Content-Length"] = answer.getheader("Content-Length", "0")
        self.answer(answer.status, answer.read(), **kept)
        behind.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.pass_on
        raise AttributeError(name)


def certified(folder: Path) -> ssl.SSLContext:
    """Write ca.pem, trust.p12 and a server's pair, which both trust; return the pair's context."""

    def certificate(name: str, public: object, signer: object, *more: object) -> x509.Certificate:
        now = datetime.now(UTC)
        built = x509.CertificateBuilder(
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")]),
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
            public,
            x509.random_serial_number(),
            now - timedelta(days=1),
            now + timedelta(days=1),
        )
        for extension in more:
            built = built.add_extension(extension, critical=False)
        return built.sign(signer, hashes.SHA256())

    authority, own = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    root = certificate("authority", authority.public_key(), authority, is_authority)
    local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = certificate("server", own.public_key(), authority, local)
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    protection = BestAvailableEncryption(PASSWORD.encode())
    trusted = serialize_java_truststore([PKCS12Certificate(root, b"ca")], protection)
    (folder / "trust.p12").write_bytes(trusted)
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.key").write_bytes(key)
    (folder / "server.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


@contextmanager
def token_store(folder: Path, behind: int = 0) -> Iterator[TokenStore]:
    """Serve a token service over TLS, and an S3 before that of a port; certificates in a folder."""
    store = TokenStore()
    context = certified(folder)
    servers = []
    for kind in (Sts, Entra, S3):
        own = type(kind.__name__, (kind,), {"store": store, "behind": behind})
        server = ThreadingHTTPServer(("127.0.0.1", 0), own)
        if kind is not S3:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    ports = [server.server_port for server in servers]
    store.sts, store.entra = (f"https://127.0.0.1:{port}" for port in ports[:2])
    store.s3 = f"http://127.0.0.1:{ports[2]}"
    yield store
    for server in servers:
        server.shutdown()
        server.server_close()
