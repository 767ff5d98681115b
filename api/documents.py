"""Answers that many ask for and that change rarely: made once, compressed once, named by ETag."""

import gzip
import hashlib
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

_WORTH_COMPRESSING = 1000
"""Bytes; less fits into one packet anyway."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer as bytes, maybe the same compressed, and a name that changes with the content."""

    body: bytes
    compressed: bytes | None
    etag: str
    media_type: str = "application/json"

    @classmethod
    def of(cls, content: BaseModel) -> "Document":
        """Return a model as a document."""
        body = content.model_dump_json(by_alias=True).encode()
        large = len(body) >= _WORTH_COMPRESSING
        compressed = gzip.compress(body, compresslevel=6, mtime=0) if large else None
        return cls(body, compressed, _etag(body))

    @classmethod
    def as_it_is(cls, body: bytes, media_type: str) -> "Document":
        """Return what is no JSON as a document; it is not compressed again."""
        return cls(body, None, _etag(body), media_type)

    def answer(self, request: Request) -> Response:
        """Return the document, or 304 if the reader has it already."""
        headers = {
            "ETag": self.etag,
            "Cache-Control": "no-cache",  # keep it, but ask each time whether it is still true
            "Vary": "Accept-Encoding",
        }
        known = request.headers.get("if-none-match", "")
        if known == "*" or self.etag in [
            tag.strip().removeprefix("W/") for tag in known.split(",")
        ]:
            return Response(status_code=304, headers=headers)
        if self.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(self.compressed, headers=headers, media_type=self.media_type)
        return Response(self.body, headers=headers, media_type=self.media_type)


def _etag(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=9).hexdigest()}"'
