"""Schemas of requests and answers of /update_data, shown in the OpenAPI document."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from serving.problems import Problem
from serving.uploads.forms import OPTIONAL, REQUIRED, What
from serving.uploads.media import Encoding, Media
from serving.uploads.protocol import MOST_DIGITS
from serving.uploads.upload import Upload, UploadStatus

PATH = "/update_data"


class RowFault(BaseModel):
    """One reason why a row is rejected."""

    line: Annotated[
        int,
        Field(description="line of the body; in a JSON list, Parquet or a table of a list the row"),
    ]
    field: Annotated[str | None, Field(description="field at fault; null: the row as a whole")]
    code: Annotated[str, Field(description="check that the row breaks", examples=["date_missing"])]
    text: Annotated[str, Field(description="the value and the rule")]


class WholeRefusal(BaseModel):
    """Why a body was refused as a whole; nothing of the body was passed on."""

    status: Annotated[int, Field(description="HTTP status", examples=[422])]
    title: str
    detail: str


class UploadAnswer(BaseModel):
    """An upload: its state, and its rows, of which read = accepted + rejected + repeated."""

    id: Annotated[
        str, Field(description="first 32 hexadecimal digits of the SHA-256 of the Idempotency-Key")
    ]
    what: What
    state: Annotated[
        UploadStatus,
        Field(description="done and refused are final; interrupted: send the same request again"),
    ]
    first_used_at: Annotated[
        datetime,
        Field(description="first use of the key: `updated_at` of rows that state none"),
    ]
    read: Annotated[int, Field(ge=0, description="rows read")]
    accepted: Annotated[
        int, Field(ge=0, description="rows passed on; final where the state is done")
    ]
    rejected: Annotated[int, Field(ge=0, description="rows that break a rule; not passed on")]
    repeated: Annotated[
        int,
        Field(ge=0, description="rows equal to an earlier one of the upload; passed on once"),
    ]
    errors: Annotated[
        list[RowFault], Field(description="the first hundred reasons of rejected rows")
    ]
    errors_url: Annotated[
        str,
        Field(description="all rejected rows, as NDJSON that can be mended and sent alone"),
    ]
    refusal: Annotated[
        WholeRefusal | None, Field(description="null: the body was not refused as a whole")
    ] = None
    command: Annotated[
        str | None,
        Field(
            description="command that takes the rows into the lake, to be run on the server; "
            "null: the stream takes them in, or nothing was accepted"
        ),
    ] = None

    @classmethod
    def of(cls, upload: Upload) -> "UploadAnswer":
        """Describe a stored upload."""
        return cls(
            id=upload.id,
            what=upload.what,
            state=upload.state,
            first_used_at=upload.first_used_at,
            **asdict(upload.counts),
            errors=[RowFault(**asdict(fault)) for fault in upload.first_faults],
            errors_url=f"{location(upload)}/errors",
            refusal=WholeRefusal(**asdict(upload.refusal)) if upload.refusal else None,
            command=upload.command,
        )


class UploadList(BaseModel):
    """Uploads, newest first."""

    uploads: list[UploadAnswer]


class UploadProblem(Problem):
    """A problem document about an upload."""

    upload: Annotated[
        UploadAnswer | None, Field(description="the upload; missing: there is none")
    ] = None


def location(upload: Upload) -> str:
    """Return the path of an upload."""
    return f"{PATH}/{upload.id}"


TEXT_OR_NUMBER = {"anyOf": [{"type": "string"}, {"type": "number"}]}
LABEL = {"type": "string"}
SALE = {
    "date": "2015-10-31",
    "shop_id": "25",
    "item_id": "20949",
    "units": 2,
    "price": "5.00",
}


def record_schema(what: What) -> dict[str, Any]:
    """Return the JSON Schema of a record; the whole contract is in streaming/contract."""
    names = (*REQUIRED[what], *OPTIONAL[what])
    fields = {name: LABEL if name in LABELS else TEXT_OR_NUMBER for name in names}
    return {"type": "object", "title": what.value, "properties": fields}


LABELS = {"date", "updated_at", "op", "name", "category_name", "listed_on"}
RECORD = {"anyOf": [record_schema(what) for what in What]}
BYTES = {"type": "string", "format": "binary"}
TABLE = "date,shop_id,item_id,units,price\n2015-10-31,25,20949,2,5.00\n"
LINES = '{"date":"2015-10-31","shop_id":"25","item_id":"20949","units":2,"price":"5.00"}\n'
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": "Rows under the contract's names (streaming/contract); a table may have the "
    "columns of the retailer's own files instead. Compressed as Content-Encoding says.",
    "content": {
        Media.JSON.value: {"schema": {"type": "array", "items": RECORD}, "example": [SALE]},
        Media.NDJSON.value: {"schema": BYTES, "example": LINES},
        Media.CSV.value: {"schema": BYTES, "example": TABLE},
        Media.PARQUET.value: {"schema": BYTES},
    },
}


def header(name: str, description: str, schema: dict[str, Any], *, required: bool = False) -> Any:
    """Declare a request header in the OpenAPI document."""
    return {
        "in": "header",
        "name": name,
        "description": description,
        "required": required,
        "schema": schema,
    }


WHOLE = {"type": "integer", "minimum": 0, "maximum": 10**MOST_DIGITS - 1}
KEY = header(
    "Idempotency-Key",
    "names the upload, bare or quoted; the same key with the same body gives the same answer and "
    "each row once, for 7 days",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    required=True,
)
CODING = header(
    "Content-Encoding",
    "how the body is compressed; not for Parquet",
    {"type": "string", "enum": [encoding.value for encoding in Encoding]},
)
OFFSET = header("Upload-Offset", "bytes of the body that the server has: go on from there", WHOLE)
COMPLETE = header(
    "Upload-Complete",
    "?1: the request brings the end of the body; ?0: more requests follow",
    {"type": "string", "enum": ["?0", "?1"], "default": "?1"},
)
RESUMING = {
    "Upload-Offset": {"description": "bytes that the server has", "schema": WHOLE},
    "Upload-Complete": {
        "description": "?1: the server has the whole body",
        "schema": {"type": "string", "enum": ["?0", "?1"]},
    },
}
LOCATION = {"Location": {"description": "path of the upload", "schema": {"type": "string"}}}
