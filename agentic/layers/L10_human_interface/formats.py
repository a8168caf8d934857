"""How values are written on a page: numbers, times, sizes, ids, JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from markupsafe import Markup, escape

from agentic.layers.base import jsonio
from agentic.layers.base.ids import now

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400
SHORT_ID: Final = 8


def moment(value: str | datetime) -> datetime:
    """A time as stored, in UTC."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def clock(value: str | datetime) -> str:
    """The time of day: `08:42:26`. The script shows it in the reader's own time zone."""
    return moment(value).strftime("%H:%M:%S")


def exact(value: str | datetime) -> str:
    """A time in full: `2026-11-22 08:42:26.123 UTC`."""
    written = moment(value)
    return f"{written:%Y-%m-%d %H:%M:%S}.{written.microsecond // 1000:03d} UTC"


def ago(value: str | datetime, reference: datetime | None = None) -> str:
    """How long ago: `just now`, `12s ago`, `4m ago`, `3h ago`, `2d ago`, then the date."""
    written = moment(value)
    seconds = int(((reference or now()) - written).total_seconds())
    if seconds < 5:
        return "just now"
    for limit, unit, letter in (
        (MINUTE, 1, "s"),
        (HOUR, MINUTE, "m"),
        (DAY, HOUR, "h"),
        (30 * DAY, DAY, "d"),
    ):
        if seconds < limit:
            return f"{seconds // unit}{letter} ago"
    return f"{written:%Y-%m-%d}"


def duration(milliseconds: float) -> str:
    """A duration to two or three digits: `0.4 ms`, `27 ms`, `1.9 s`."""
    if milliseconds < 0.1:
        return "<0.1 ms"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def whole(value: int) -> str:
    """A count with separators: `18,204`."""
    return f"{value:,}"


def compact(value: float) -> str:
    """A large count in four characters or so: `940`, `18.2k`, `1.42M`."""
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            unit = {"B": 1e9, "M": 1e6, "k": 1e3}[letter]
            return f"{value / unit:.3g}{letter}"
    return f"{value:,.0f}"


def badge(value: int) -> str:
    """A count beside a name, which says nothing when there is none."""
    return compact(value) if value else ""


def money(value: float) -> str:
    """US dollars: cents where they tell something, more digits where they are all there is."""
    return f"${value:,.2f}" if value >= 0.01 or value == 0 else f"${value:.4f}"


def micros(value: float) -> str:
    """US dollars to the micro-dollar: `$0.001234`."""
    return f"${value:,.6f}"


def score(value: float | None) -> str:
    """A score between 0 and 1: `0.85`; a dash for none."""
    return "–" if value is None else f"{value:.2f}"


def signed(value: float | None) -> str:
    """A difference of scores: `+0.12`; a dash for none."""
    return "–" if value is None else f"{value:+.2f}"


def span(seconds: float) -> str:
    """How long something took: `27 ms`, `4.2 s`, `2m 05s`, `1h 02m`."""
    if seconds < MINUTE:
        return duration(seconds * 1000)
    whole_seconds = int(seconds)
    if whole_seconds < HOUR:
        return f"{whole_seconds // MINUTE}m {whole_seconds % MINUTE:02d}s"
    return f"{whole_seconds // HOUR}h {whole_seconds % HOUR // MINUTE:02d}m"


def took(begin: str | None, end: str | None) -> str:
    """How long it took from one moment to the other; a dash when one is not known."""
    if begin is None or end is None:
        return "–"
    return span(max((moment(end) - moment(begin)).total_seconds(), 0))


def since(begin: str) -> str:
    """How long it has been since a moment."""
    return span(max((now() - moment(begin)).total_seconds(), 0))


def clipped(text: str, limit: int = 160) -> str:
    """The beginning of a text in one line."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def size(value: int) -> str:
    """Bytes: `812 B`, `1.4 kB`, `2.0 MB`."""
    if value < 1000:
        return f"{value} B"
    return f"{value / 1000:.1f} kB" if value < 1_000_000 else f"{value / 1_000_000:.1f} MB"


def short_id(value: str) -> str:
    """The end of an id, which tells ids apart that were made in the same minute."""
    return value[-SHORT_ID:]


def pretty(value: Any) -> str:
    """JSON indented for reading, every number as it is stored."""
    return msgspec.json.format(jsonio.encode(value), indent=2).decode()


def breakable(value: str) -> Markup:
    """A name that may be broken after its dots and underscores, and nowhere else."""
    return Markup(re.sub(r"([._])", r"\1<wbr>", str(escape(value))))  # noqa: S704 - it is escaped.


_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>\b(?:true|false|null)\b)'
    r"|(?P<number>-?\d[\d.eE+-]*)"
)


def highlighted(value: Any) -> Markup:
    """JSON indented and marked up by kind of token."""
    text = pretty(value)
    parts: list[str] = []
    last = 0
    for match in _TOKEN.finditer(text):
        parts.append(str(escape(text[last : match.start()])))
        parts.append(f'<span class="j-{match.lastgroup}">{escape(match.group())}</span>')
        last = match.end()
    parts.append(str(escape(text[last:])))
    return Markup("".join(parts))  # noqa: S704 - every part is escaped above.
