"""The five fields of a cron line: minute, hour, day of the month, month, day of the week.

Lists, ranges, steps, and names of months and days. As everywhere, when both days are restricted either will do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final
from zoneinfo import ZoneInfo

from agentic.layers.base.common_errors import InvalidError

_MONTHS: Final = {
    name: n
    for n, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS: Final = {name: n for n, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_FIELDS: Final[tuple[tuple[str, int, int, dict[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART: Final = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,2}))?", re.ASCII)
_HORIZON: Final = 366 * 8
"""Days that are looked at for the next one that fits: the 29th of February may be eight years away."""


@dataclass(frozen=True)
class Cron:
    """When something recurs."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def parse(cls, line: str) -> Cron:
        """A cron line.

        Raises:
            InvalidError: this is none.
        """
        texts = _NICKNAMES.get(line.strip(), line).split()
        if len(texts) != len(_FIELDS):
            raise InvalidError.of(("cron", "five fields: minute, hour, day, month, day of the week"))
        minutes, hours, days, months, weekdays = (
            _numbers(text.lower(), *field) for text, field in zip(texts, _FIELDS, strict=True)
        )
        either = not texts[2].startswith("*") and not texts[4].startswith("*")
        return cls(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The next time after `moment`, in UTC; none when there is none for years.

        A time that the clocks skip is left out; one that they show twice counts once.
        """
        local = moment.astimezone(zone)
        day = local.date()
        for _ in range(_HORIZON):
            if self._fits(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        there = _moment(day, hour, minute, zone)
                        if there is not None and there > moment:
                            return there
            day += timedelta(days=1)
        return None

    def _fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_date or by_weekday) if self.either_day else (by_date and by_weekday)


def _moment(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime | None:
    there = datetime.combine(day, time_of_day(hour, minute), tzinfo=zone).astimezone(UTC)
    shown = there.astimezone(zone)
    return there if (shown.hour, shown.minute) == (hour, minute) else None


def _numbers(text: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise _bad(name, part)
        every, first, last, step = match.groups()
        start = low if every else _number(first, name, low, high, names)
        end = high if every or (step and not last) else start
        if last:
            end = _number(last, name, low, high, names)
        if end < start or step == "0" or step == "00":
            raise _bad(name, part)
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    value = names.get(text[:3]) if text[:1].isalpha() else int(text) if text.isdigit() else None
    if value is None or not low <= value <= high:
        raise _bad(name, text)
    return value


def _bad(name: str, text: str) -> InvalidError:
    return InvalidError.of(("cron", f"{text!r} is no {name}"))
