"""The metrics count the rows of uploads, each upload once."""

from asking import Client
from uploading import Uploader, json_list, sale


def test_rows_are_counted_by_verdict_and_a_repeated_request_counts_nothing(
    uploader: Uploader, client: Client
) -> None:
    body = json_list(sale(), sale(), sale(date="x"))
    for _ in range(2):
        assert uploader.post(body).status_code == 202
    lines = client.get("/metrics").text.splitlines()
    counts = dict(line.split() for line in lines if line.startswith("shopcast_upload_rows_total"))
    assert counts == {
        f'shopcast_upload_rows_total{{verdict="{verdict}"}}': "1.0"
        for verdict in ("accepted", "rejected", "repeated")
    }
