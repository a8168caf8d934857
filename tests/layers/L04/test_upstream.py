"""The HTTP client against servers that say exactly these bytes: however they are cut, kept, late, wrong or without end."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from agentic.layers.L04_model_gateway import upstream as module
from agentic.layers.L04_model_gateway.upstream import (
    ConnectError,
    DroppedError,
    GarbledError,
    Request,
    SilenceError,
    SizeError,
    Timeouts,
    Upstream,
)

pytestmark = pytest.mark.anyio
LIMIT = 1_000_000
OK = b"HTTP/1.1 200 OK\r\n"
Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handle: Handle, context: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """The port of a server whose connections end with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handle(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort() if writer.transport.get_write_buffer_size() > 100_000 else writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


class Server:
    """Answers each request of a connection with the next of its texts; `None` closes the connection instead."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.requests: list[bytes] = []
        self.pieces = 0
        """Bytes that are sent at once; 0: all."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, after = head.lower().partition(b"content-length:")
            length = int(after.partition(b"\r\n")[0]) if after else 0
            self.requests.append(head + await reader.readexactly(length))
            answer = self.answers.pop(0) if self.answers else None
            if answer is None:
                return
            step = self.pieces or len(answer) or 1
            for start in range(0, len(answer), step):
                writer.write(answer[start : start + step])
                await writer.drain()
                await asyncio.sleep(0)
            if b"close" in answer.lower() or answer.startswith(b"HTTP/1.0"):
                return

    @asynccontextmanager
    async def running(self, context: ssl.SSLContext | None = None) -> AsyncGenerator[str]:
        async with serving(self.handle, context) as port:
            yield f"{'https' if context else 'http'}://localhost:{port}"


@pytest.fixture
async def client() -> AsyncGenerator[Upstream]:
    client = Upstream()
    yield client
    await client.close()


async def post(
    client: Upstream, url: str, body: bytes = b"{}", limit: int = LIMIT, **timeouts: float
) -> bytes:
    response = await client.send(Request("POST", f"{url}/v1/x?y=1", {"x-a": "b"}, body), Timeouts(**timeouts))
    return await response.read(limit)


@pytest.mark.parametrize("pieces", [0, 1, 7])
@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
        OK + b"Connection: close\r\n\r\nhello",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
    ],
)
async def test_an_answer_is_read_however_it_comes(client: Upstream, answer: bytes, pieces: int) -> None:
    server = Server(answer)
    server.pieces = pieces
    async with server.running() as url:
        assert await post(client, url, b'{"a": 1}') == b"hello"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/x?y=1 HTTP/1.1\r\nhost: localhost:")
    assert b"x-a: b\r\n" in head
    assert body == b'{"a": 1}'


async def test_a_connection_is_kept_and_used_again(client: Upstream) -> None:
    server = Server(*[OK + b"Content-Length: 2\r\n\r\nok"] * 5)
    async with server.running() as url:
        for _ in range(5):
            assert await post(client, url) == b"ok"
    assert server.connections == 1


async def test_a_connection_that_was_closed_meanwhile_is_replaced_without_a_word(client: Upstream) -> None:
    answer = OK + b"Content-Length: 2\r\n\r\nok"
    server = Server(answer, None, answer)
    async with server.running() as url:
        assert await post(client, url) == b"ok"
        assert await post(client, url) == b"ok"
    assert server.connections == 2


async def test_a_new_connection_that_is_closed_is_an_error(client: Upstream) -> None:
    async with Server(None).running() as url:
        with pytest.raises(DroppedError):
            await post(client, url)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 50\r\nConnection: close\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n",
        OK + b"Connection: close\r\nContent-Le",
    ],
)
async def test_an_answer_that_is_cut_off_is_an_error(client: Upstream, answer: bytes) -> None:
    async with Server(answer).running() as url:
        with pytest.raises(DroppedError):
            await post(client, url)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.0\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        OK + b"Transfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        OK + b"Content-Length: many\r\n\r\n",
        OK + b"X-Long: " + b"x" * 100_000,
    ],
)
async def test_what_is_not_http_is_an_error(client: Upstream, answer: bytes) -> None:
    async with Server(answer).running() as url:
        with pytest.raises(GarbledError):
            await post(client, url, first_byte=5)


async def test_silence_is_an_error_before_and_within_an_answer(client: Upstream) -> None:
    server = Server(b"", OK + b"Content-Length: 50\r\n\r\nhello")
    async with server.running() as url:
        with pytest.raises(SilenceError):
            await post(client, url, first_byte=0.05)
        with pytest.raises(SilenceError):
            await post(client, url, silence=0.05)


async def test_an_answer_that_is_too_large_is_an_error(client: Upstream) -> None:
    async with Server(OK + b"Content-Length: 500\r\n\r\n" + b"x" * 500).running() as url:
        with pytest.raises(SizeError):
            await post(client, url, limit=499)


async def test_what_nobody_reads_is_not_taken_in(client: Upstream) -> None:
    size = 50_000_000
    sent = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"{}")
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(b"x" * 100_000)
            sent += 100_000
            await writer.drain()

    async with serving(handle) as port:
        request = Request("POST", f"http://127.0.0.1:{port}/", {}, b"{}")
        response = await client.send(request, Timeouts())
        before = -1
        while sent != before:  # until it cannot send any more
            before = sent
            await asyncio.sleep(0.2)
        assert sent < size / 2
        assert len(await response.read(size)) == size


async def test_who_leaves_an_answer_closes_its_connection(client: Upstream) -> None:
    gone = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(OK + b"Content-Length: 50\r\n\r\nhello")
        while await reader.read(100):
            pass
        gone.set()

    async with serving(handle) as port:
        request = Request("POST", f"http://127.0.0.1:{port}/", {}, b"{}")
        response = await client.send(request, Timeouts())
        async with aclosing(response.parts(LIMIT)) as parts:
            assert await anext(parts) == b"hello"
        await asyncio.wait_for(gone.wait(), 10)


async def test_closing_twice_does_not_cut_the_next_exchange(client: Upstream) -> None:
    server = Server(*[OK + b"Content-Length: 2\r\n\r\nok"] * 2)
    async with server.running() as url:
        request = Request("POST", url, {}, b"{}")
        first = await client.send(request, Timeouts())
        assert await first.read(LIMIT) == b"ok"
        second = await client.send(request, Timeouts())
        first.close()
        assert await second.read(LIMIT) == b"ok"
    assert server.connections == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://nobody.invalid/",
        "ftp://x/",
        "http://",
        "http://h:99999/",
        "http://h/a b",
    ],
)
async def test_where_nobody_is_there_is_no_connection(client: Upstream, url: str) -> None:
    with pytest.raises(ConnectError) as failed:
        await client.send(Request("GET", url, {}), Timeouts(connect=5))
    assert not failed.value.sent


async def test_no_header_can_smuggle_in_another(client: Upstream) -> None:
    async with Server().running() as url:
        with pytest.raises(ConnectError):
            await client.send(Request("POST", url, {"x": "a\r\nhost: b"}, b"{}"), Timeouts())


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


async def test_tls_is_spoken_and_certificates_are_checked(
    client: Upstream, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = Server(*[OK + b"Content-Length: 2\r\n\r\nok"] * 2)
    async with server.running(context) as url:
        with pytest.raises(ConnectError, match="certificate"):
            await post(client, url)
        trusting = ssl.create_default_context(cafile=certificate[0])
        monkeypatch.setattr(module, "_tls_context", lambda: trusting)
        assert await post(client, url) == b"ok"
        assert await post(client, url) == b"ok"
        with pytest.raises(ConnectError, match="certificate"):
            await post(client, url.replace("localhost", "127.0.0.1"))
    assert server.connections == 1
