"""Connection to Elasticsearch."""

from elastic_transport.client_utils import DEFAULT
from elasticsearch import Elasticsearch

from lakehouse.errors import UsageError
from lakehouse.settings import JobSettings

SECONDS = 60


def connect(url: str, settings: JobSettings) -> Elasticsearch:
    """Open a connection, which asks nothing yet.

    Args:
        url: address; credentials in the address are refused, as it is logged.
        settings: API key and certificates.

    Raises:
        UsageError: the address has another scheme, or credentials.
    """
    if not url.startswith(("http://", "https://")) or "@" in url:
        raise UsageError(
            "--elasticsearch: write https://HOST:PORT without credentials; the key comes from "
            "ELASTICSEARCH_API_KEY."
        )
    key, certificates = settings.elasticsearch_api_key, settings.elasticsearch_ca_file
    return Elasticsearch(
        url,
        api_key=key.get_secret_value() if key else None,
        ca_certs=certificates or DEFAULT,
        request_timeout=SECONDS,
        retry_on_timeout=True,
        max_retries=3,
    )
