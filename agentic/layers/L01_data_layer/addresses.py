"""What is wrong with the address of a database or a bus, said without the address: it may hold a password.

The drivers would say it later and repeat what they could not read, which is a part of the password where that holds a
`/` or a `#`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

DATABASE_FORM: Final = "postgresql://user:password@host:5432/name, with ?sslmode=… where it is wanted"
BUS_FORM: Final = "redis://user:password@host:6379 (rediss:// for TLS, unix:///path for a socket)"
ENCODED: Final = (
    "what is no letter or digit in a password must be percent-encoded, such as %2F for / and %23 for #"
)


def wrong_with_database(url: str) -> str | None:
    """Why this cannot be the address of a database; none when it can."""
    if not url.startswith(("postgresql://", "postgres://")):
        return "it does not begin with postgresql://"
    return _wrong_with_hosts(url)


def wrong_with_bus(url: str) -> str | None:
    """Why this cannot be the address of a bus; none when it can."""
    if url.startswith("unix://"):
        return None
    if not url.startswith(("redis://", "rediss://")):
        return "it does not begin with redis://, rediss:// or unix://"
    return _wrong_with_hosts(url)


def _wrong_with_hosts(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"its host cannot be read; {ENCODED}"
    if "#" in url:
        return f"it holds a #; {ENCODED}"
    hosts = parts.netloc.rpartition("@")[2].split(",")
    if not all(map(_has_port, hosts)) or "@" in parts.path:
        return f"its host and port cannot be told apart from the rest; {ENCODED}"
    return None


def _has_port(host: str) -> bool:
    port = host.rpartition("]")[2].partition(":")[2]
    return not port or (port.isascii() and port.isdigit() and 0 < int(port) < 65536)
