"""Lists that no index serves: a page looks at so many records, and the next goes on after them.

Such a page may hold fewer records than its limit, even none: it is the cursor that says whether there is more. A total
is counted among as many, and is null when there may be more (docs/decisions/0013).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    null,
    or_,
    select,
    true,
)

from agentic.layers.L01_data_layer.statements import number

FOLDED: Final = 500
"""Records of the past that are put together from their events for one page: each takes some 20 µs."""
READ: Final = 5_000
"""Records whose text is looked through for one page: each takes some 0.4 µs."""


class Look:
    """The next records of `rows`, `size` at most, in the order of their ids, beyond the parameter `after` where it is given."""

    def __init__(self, rows: Select[*tuple[Any, ...]], size: int, *, down: bool, after: bool) -> None:
        key = rows.selected_columns["id"]
        if after:
            reached = bindparam("after", type_=key.type)
            rows = rows.where(key < reached if down else key > reached)
        self.records = rows.order_by(key.desc() if down else key).limit(number(size)).cte("looked_at")
        self._size = size
        self._down = down

    def page(self, page: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """`page` of these records: one that is not full, though there may be more, goes on after the last of them."""
        found = page.subquery("found")
        text = cast(self.records.c.id, Text())
        last = func.min(text) if self._down else func.max(text)
        ends = select(self._cut.label("cut"), last.label("last")).select_from(self.records).subquery("ends")
        return select(
            found.c["items"],
            or_(found.c.more, ends.c.cut),
            case((found.c.more, found.c.last), else_=ends.c.last),
        ).select_from(found.join(ends, true()))

    def count(self, count: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """`count` of these records; null when there may be more of them."""
        cut = select(self._cut).select_from(self.records).scalar_subquery()
        return select(case((cut, null()), else_=count.scalar_subquery()))

    @property
    def _cut(self) -> ColumnElement[bool]:
        return func.count(self.records.c.id) == number(self._size)
