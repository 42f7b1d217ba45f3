"""The pages of AWS and Azure: policies reach the lake's folders, names are those of the values."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.tables.overrides import OVERRIDES

ROOT = Path(__file__).parents[2]
AWS = (ROOT / "docs" / "how_to" / "aws.md").read_text(encoding="utf-8")
AZURE = (ROOT / "docs" / "how_to" / "azure.md").read_text(encoding="utf-8")
WRITTEN = re.compile(r"^cat > (\w+)\.json <<END\n(.*?)^END$", re.MULTILINE | re.DOTALL)
POLICIES: dict[str, Any] = {name: json.loads(text) for name, text in WRITTEN.findall(AWS)}


def values(name: str) -> dict[str, Any]:
    text = (ROOT / "helm" / "values" / f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def written(policy: str) -> list[str]:
    """Return the folders that a policy lets a role write."""
    return [
        rule["Resource"].removeprefix("arn:aws:s3:::$BUCKET/")
        for rule in POLICIES[policy]["Statement"]
        if "s3:PutObject" in rule["Action"]
    ]


def test_the_roles_write_what_their_processes_write() -> None:
    assert written("spark") == ["lake/*"]
    assert written("api") == [f"lake/{OVERRIDES.path}/*"]


@pytest.mark.parametrize("account", ["api", "spark"])
def test_the_pages_make_the_identities_that_the_values_name(account: str) -> None:
    role = values("aws")["serviceAccounts"][account]["annotations"]["eks.amazonaws.com/role-arn"]
    assert role.endswith(f":role/shopcast-{account}")
    assert "for name in api spark; do" in AWS
    assert "--role-name shopcast-$name" in AWS
    assert (
        "azure.workload.identity/client-id"
        in values("azure")["serviceAccounts"][account]["annotations"]
    )
    assert "system:serviceaccount:retail:shopcast-$name" in AZURE


def test_spark_on_azure_takes_the_identity_of_the_pod() -> None:
    conf = values("azure")["spark"]["conf"]
    assert conf == {"spark.hadoop.fs.azure.account.auth.type": "OAuth"}
    assert values("azure")["podLabels"] == {"azure.workload.identity/use": "true"}
