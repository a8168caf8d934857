"""Dumps of the database, by PostgreSQL's own programs: `pg_dump` writes them, `pg_restore` and `psql` put them back.

The platform's wheel brings these programs in the newest version, but without TLS. So the ones on the PATH are used for
a server of yours when they are not older than it, and the wheel's otherwise.

A restore is one transaction: it happens as a whole or not at all. `pg_restore` writes SQL, which goes through here into
`psql`; what is there already, or only the version that was dumped understands, is left out on the way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from agentic.platform.command_error import CommandError
from agentic.platform.servers.errors import ProgramsMissingError
from agentic.platform.servers.programs import postgres_programs
from agentic.platform.stores import Store

_PROGRAMS: Final = ("pg_dump", "pg_restore", "psql")
_WITH_TLS: Final = frozenset(("require", "verify-ca", "verify-full"))
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_REVISION: Final = re.compile(r"^COPY .*alembic_version .*\n(\w+)$", re.MULTILINE)
_SCHEMA: Final = re.compile(rb"(CREATE SCHEMA|COMMENT ON SCHEMA) .*;\n")  # which is there already
# PostgreSQL's security release of November 2026 gives each column such an option by itself. Its own pg_dump knows to
# leave it out; an older one writes it down, and no other server takes it.
_COLUMN_VERSION: Final = re.compile(rb"ALTER TABLE .* SET \(pg_attver=\d+\);\n")
_TRANSACTION_TIMEOUT: Final = b"SET transaction_timeout = 0;\n"  # PostgreSQL 17 and newer


class DumpError(CommandError):
    """A dump cannot be made or put back; the message says why."""


@dataclass(frozen=True)
class Tools:
    """PostgreSQL's client programs in one folder."""

    folder: Path
    major: int
    tls: bool

    def path(self, program: str) -> Path:
        """Where a program is."""
        return self.folder / program


def tools_for(store: Store, server_major: int) -> Tools:
    """The programs that can talk to this server.

    Raises:
        DumpError: there are none.
    """
    brought, found = _brought(), _on_path()
    if store.embedded and brought is not None:
        return brought
    fit = [tools for tools in (found, brought) if tools is not None and tools.major >= server_major]
    if not fit:
        raise DumpError(
            f"The database is PostgreSQL {server_major}, and there is no pg_dump of that version or a newer one. "
            f"Install its client programs (Debian: postgresql-client-{server_major}), so that they are on the PATH."
        )
    if wants_tls(store.url) and not any(tools.tls for tools in fit):
        raise DumpError(
            "DATABASE_URL asks for TLS, which the pg_dump that the platform brings does not know. Install PostgreSQL's "
            f"client programs (Debian: postgresql-client-{server_major}), so that they are on the PATH."
        )
    return fit[0]


def wants_tls(url: str) -> bool:
    """Whether an address insists on TLS."""
    return dict(parse_qsl(urlsplit(url).query)).get("sslmode") in _WITH_TLS


def dump(url: str, file: Path, tools: Tools, schema: str) -> None:
    """Writes a schema of the database into a file, whole or not at all, that only its owner may read.

    Raises:
        DumpError: it could not be written; pg_dump's own words are in the message.
    """
    part = file.with_name(f".{file.name}.part")
    address, environment = for_libpq(url)
    options = [
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--schema={_exactly(schema)}",
        f"--file={part}",
    ]
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            [tools.path("pg_dump"), *options, f"--dbname={address}"],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode != 0:
            raise DumpError(f"pg_dump failed: {done.stderr.strip()}")
        part.replace(file)
    except OSError as error:
        raise DumpError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def revision_of(file: Path, tools: Tools) -> str:
    """The revision of the schema in a dump.

    Raises:
        DumpError: there is no such file, or it is no dump of a platform.
    """
    if not file.is_file():
        raise DumpError(f"There is no file {file}.")
    done = subprocess.run(  # noqa: S603
        [_reader(tools).path("pg_restore"), "--data-only", "--table=alembic_version", "--file=-", file],
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise DumpError(f"{file} cannot be read, and nothing was changed: {done.stderr.strip()}")
    if (match := _REVISION.search(done.stdout)) is None:
        raise DumpError(f"{file} is no dump of a platform.")
    return match[1]


def _exactly(name: str) -> str:
    """A name as a pattern that matches nothing else."""
    return '"{}"'.format(name.replace('"', '""'))


def restore(url: str, file: Path, tools: Tools, *, server_major: int, first: str) -> None:
    """Runs the SQL `first`, then everything in the file, in one transaction.

    Raises:
        DumpError: it failed, and nothing was changed.
    """
    address, environment = for_libpq(url)
    read = [_reader(tools).path("pg_restore"), "--no-owner", "--no-privileges", "--file=-", file]
    write = [tools.path("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", f"--dbname={address}"]
    with tempfile.TemporaryFile() as read_errors, tempfile.TemporaryFile() as write_errors:
        with (
            subprocess.Popen(read, stdout=subprocess.PIPE, stderr=read_errors) as reader,  # noqa: S603
            subprocess.Popen(  # noqa: S603
                write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=write_errors, env=environment
            ) as writer,
        ):
            came_to_its_end = _pass_on(reader, writer, first, server_major)
        if came_to_its_end:  # else it only failed because psql no longer listened
            _blame("pg_restore", reader.returncode, read_errors)
        _blame("psql", writer.returncode, write_errors)


def _pass_on(
    reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], first: str, server_major: int
) -> bool:
    """Whether psql took everything. Commits only if the reader did well: else the end of its input undoes everything."""
    assert reader.stdout and writer.stdin
    try:
        with writer.stdin:
            writer.stdin.write(f"BEGIN;\n{first}\n".encode())
            writer.stdin.writelines(portable(reader.stdout, server_major))
            if reader.wait() == 0:
                writer.stdin.write(b"COMMIT;\n")
    except BrokenPipeError:
        return False
    finally:
        reader.stdout.close()
    return True


def portable(lines: Iterable[bytes], server_major: int) -> Iterator[bytes]:
    """The lines of a dump without those that this server would refuse; data are passed on as they are."""
    copying = False
    for line in lines:
        if copying:
            copying = line != b"\\.\n"
        elif line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            copying = True
        elif _is_left_out(line, server_major):
            continue
        yield line


def _is_left_out(line: bytes, server_major: int) -> bool:
    if line == _TRANSACTION_TIMEOUT:
        return server_major < 17
    return bool(_SCHEMA.fullmatch(line) or _COLUMN_VERSION.fullmatch(line))


def for_libpq(url: str) -> tuple[str, dict[str, str]]:
    """An address without its password, and the environment that holds it: arguments can be read by everybody."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = unquote(parts.password) if parts.password is not None else None
    password = query.pop("password", password)
    user, at, host = parts.netloc.rpartition("@")
    where = f"{user.partition(':')[0]}{at}{host}"
    address = f"{parts.scheme}://{where}{parts.path}" + (
        f"?{urlencode(query, quote_via=quote)}" if query else ""
    )
    ours = {"PGAPPNAME": "dump of agentic"} | ({"PGPASSWORD": password} if password is not None else {})
    return address, os.environ | ours


def _brought() -> Tools | None:
    try:
        return _tools(postgres_programs().folder, tls=False)
    except ProgramsMissingError:
        return None


def _on_path() -> Tools | None:
    found = shutil.which("pg_dump")
    return None if found is None else _tools(Path(found).parent, tls=True)


def _tools(folder: Path, *, tls: bool) -> Tools | None:
    if not all((folder / program).is_file() for program in _PROGRAMS):
        return None
    with suppress(OSError):
        said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True)  # noqa: S603
        if match := _VERSION.search(said.stdout):
            return Tools(folder, int(match[1]), tls)
    return None


def _reader(tools: Tools) -> Tools:
    """Who reads the file: the newest, since an older pg_restore does not know the files of a newer pg_dump."""
    brought = _brought()
    return brought if brought is not None and brought.major > tools.major else tools


def _blame(program: str, code: int, errors: IO[bytes]) -> None:
    if code != 0:
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
        raise DumpError(f"{program} failed, and nothing was changed: {said}")
