"""Identity by token file in AWS: a token of EKS → credentials of a role (STS)."""

from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse.identity.credentials import Credentials, ask

XML = "{https://sts.amazonaws.com/doc/2011-06-15/}"


class AwsTokenFile(BaseSettings):
    """Role and token file, from the environment variables that Amazon's own libraries read."""

    model_config = SettingsConfigDict(
        env_prefix="AWS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    role_arn: str | None = None
    web_identity_token_file: Path | None = None
    role_session_name: str = "shopcast"
    region: str = "us-east-1"
    endpoint_url_sts: str | None = None
    access_key_id: str | None = None

    @property
    def counts(self) -> bool:
        """Return whether the token file decides: it is named, and no key is given."""
        return None not in (self.role_arn, self.web_identity_token_file) and not self.access_key_id

    def exchange(self) -> Credentials:
        """Exchange the token that the file has now.

        Raises:
            OSError: the file cannot be read, or STS refuses the token or does not answer.
        """
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": self.role_arn,
            "RoleSessionName": self.role_session_name,
            "WebIdentityToken": Path(str(self.web_identity_token_file)).read_text().strip(),
        }
        address = self.endpoint_url_sts or f"https://sts.{self.region}.amazonaws.com"
        answer = ElementTree.fromstring(ask(address, form))
        field = {element.tag.removeprefix(XML): element.text or "" for element in answer.iter()}
        options = {
            "aws_access_key_id": field["AccessKeyId"],
            "aws_secret_access_key": field["SecretAccessKey"],
            "aws_session_token": field["SessionToken"],
        }
        return Credentials.until(datetime.fromisoformat(field["Expiration"]).timestamp(), options)
