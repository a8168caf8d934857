"""One request after another on one connection: what a benchmark needs to cause things at a steady pace."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self

from bench.kit.http_load import RequestError, encode_request


class HttpConnection:
    """A connection that is kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a server on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, body: Mapping[str, Any]) -> None:
        """POST a JSON body and read the answer.

        Raises RequestError when it is not a success.
        """
        self._writer.write(encode_request("POST", path, json.dumps(body).encode()))
        head = await self._reader.readuntil(b"\r\n\r\n")
        _, _, after = head.lower().partition(b"content-length:")
        answer = await self._reader.readexactly(int(after.partition(b"\r\n")[0]))
        if head[9:10] != b"2":
            raise RequestError((head + answer).decode("latin1"))

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()
