"""What one answer of the page rests on: a served version, and the state of the lake."""

from dataclasses import dataclass

from serving.lookup.view import Headers, View
from serving.page.lake_state import LakeState
from serving.page.months import month_text
from serving.page.schemas import Served

JSON = "application/json"


@dataclass(frozen=True)
class Sight:
    """A view of the served version, and the lake's state at the last look."""

    view: View
    state: LakeState

    @property
    def served(self) -> Served:
        """The version, its cutoff and age."""
        version = self.view.snapshot.version
        return Served(
            version=version.version,
            cutoff=month_text(version.cutoff),
            stale=self.view.is_stale,
            published_at=version.published_at,
        )

    def etag(self, kind: str) -> str:
        """Return the entity tag of an answer, which changes with the version and the lake."""
        return self.view.etag(self._representation(kind))

    def headers(self, kind: str) -> Headers:
        """Return the headers of a JSON answer that caches may keep, but for its length."""
        return self.view.headers(self._representation(kind), JSON)

    def _representation(self, kind: str) -> str:
        return f"{kind}-{self.state.digest}"
