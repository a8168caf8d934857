"""How an error is declared, listed and put on the wire.

One class per code: `code`, `status`, `title`, and a docstring that is the default detail. A code outside its layer's
range, or declared twice, is refused at import. On the wire an error is an RFC 9457 problem with the member `code`;
`from_problem` turns it back into the same class, so a caller catches one class on both backends.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import TypedDict

Problem = dict[str, Any]


class FieldError(TypedDict):
    """One field of a request that was refused, and why."""

    field: str
    message: str


class PlatformError(Exception):
    """Something went wrong that no other code describes."""

    code: ClassVar[str] = "E0000"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    layer: ClassVar[int] = 0

    def __init__(self, detail: str | None = None, **members: Any) -> None:
        self.detail = detail or type(self).default_detail()
        self.members = members
        super().__init__(self.detail)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            _register(cls)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    @classmethod
    def default_detail(cls) -> str:
        """The class docstring as one line."""
        return " ".join(inspect.getdoc(cls).split()) if cls.__doc__ else cls.title  # type: ignore[union-attr]

    def problem(self) -> Problem:
        """The RFC 9457 object; `type` leads to its place on the page at `/errors` of whoever answers with it."""
        return {
            **self.members,
            "type": f"/errors#{self.code.lower()}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }


CATALOGUE: dict[str, type[PlatformError]] = {"E0000": PlatformError}


def _register(cls: type[PlatformError]) -> None:
    number = int(cls.code[1:])
    if not cls.layer * 1000 <= number < cls.layer * 1000 + 1000:
        raise TypeError(f"{cls.__name__}: {cls.code} is outside the range of layer {cls.layer}")
    if cls.code in CATALOGUE:
        raise TypeError(f"{cls.__name__}: {cls.code} is already {CATALOGUE[cls.code].__name__}")
    CATALOGUE[cls.code] = cls


def from_problem(problem: Mapping[str, Any], status: int = 500) -> PlatformError:
    """The error that a server described, as the class it raised; an unknown code becomes `PlatformError`."""
    known = {"type", "title", "status", "detail", "code"}
    members = {key: value for key, value in problem.items() if key not in known}
    cls = CATALOGUE.get(str(problem.get("code")), PlatformError)
    detail = str(problem.get("detail") or problem.get("title") or f"the server answered {status}")
    return cls(detail, **members)
