"""The Kubernetes API server, asked with the ServiceAccount of the pod.

The official client would add 30 MB to the image for six requests.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

# Where Kubernetes mounts a pod's account: token, ca.crt and namespace.
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SECONDS = 10
MERGE = "application/merge-patch+json"


class ApiServerError(Exception):
    """The API server refused a request or did not answer.

    Attributes:
        status: the HTTP status; None: no answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class ApiServer:
    """The API server of a cluster, and the account that asks it.

    Attributes:
        url: address, https://HOST:PORT.
        account: folder with the files token, ca.crt and namespace.
    """

    url: str
    account: Path = ACCOUNT

    @property
    def namespace(self) -> str:
        """The namespace of the account."""
        return (self.account / "namespace").read_text().strip()

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read an object or a list below the namespace; ``path`` such as batch/v1:jobs/NAME."""
        return dict(json.loads(self._ask("GET", path, query=query)))

    def text(self, path: str, **query: str) -> str:
        """Read a text, such as a log."""
        return self._ask("GET", path, query=query).decode(errors="replace")

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object."""
        return dict(json.loads(self._ask("POST", path, json.dumps(body).encode())))

    def patch(self, path: str, body: Mapping[str, Any]) -> None:
        """Change some fields of an object."""
        self._ask("PATCH", path, json.dumps(body).encode(), kind=MERGE)

    def delete(self, path: str) -> None:
        """Delete an object, and in the background what it owns."""
        self._ask("DELETE", path, json.dumps({"propagationPolicy": "Background"}).encode())

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        kind: str = "application/json",
    ) -> bytes:
        group, _, rest = path.partition(":")
        prefix = f"apis/{group}" if "/" in group else f"api/{group}"
        url = f"{self.url}/{prefix}/namespaces/{self.namespace}/{rest}"
        # The kubelet replaces the token every hour: read it for each request.
        token = (self.account / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        asked = Request(f"{url}?{urlencode(query or {})}", body, headers, method=method)
        context = ssl.create_default_context(cafile=str(self.account / "ca.crt"))
        try:
            with urlopen(asked, timeout=SECONDS, context=context) as answer:
                return bytes(answer.read())
        except HTTPError as error:
            raise ApiServerError(reason_of(error), error.code) from None
        except (URLError, OSError) as error:
            raise ApiServerError(f"the API server of Kubernetes does not answer: {error}") from None

    def find(self, path: str) -> dict[str, Any] | None:
        """Read an object; None: it does not exist."""
        try:
            return self.get(path)
        except ApiServerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise


def reason_of(error: HTTPError) -> str:
    """Return what the API server says about a refused request."""
    try:
        return str(json.loads(error.read())["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}"
