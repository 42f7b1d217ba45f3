"""Identity by token file in Azure: a token of AKS → a bearer token for storage (Entra ID)."""

import json
import time
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse.identity.credentials import Credentials, ask


class AzureTokenFile(BaseSettings):
    """Client, tenant and token file, from the variables that AKS puts into pods."""

    model_config = SettingsConfigDict(
        env_prefix="AZURE_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    client_id: str | None = None
    tenant_id: str | None = None
    federated_token_file: Path | None = None
    authority_host: str = "https://login.microsoftonline.com"
    storage_account_key: SecretStr | None = None

    @property
    def counts(self) -> bool:
        """Return whether the token file decides: it is named, and no key is given."""
        named = (self.client_id, self.tenant_id, self.federated_token_file)
        return None not in named and self.storage_account_key is None

    def exchange(self) -> Credentials:
        """Exchange the token that the file has now.

        Raises:
            OSError: the file cannot be read, or Entra ID refuses the token or does not answer.
        """
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_assertion": Path(str(self.federated_token_file)).read_text().strip(),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "scope": "https://storage.azure.com/.default",
        }
        began = time.time()
        address = f"{self.authority_host.rstrip('/')}/{self.tenant_id}/oauth2/v2.0/token"
        answer = json.loads(ask(address, form))
        options = {"azure_storage_token": str(answer["access_token"])}
        return Credentials.until(began + int(answer["expires_in"]), options)
