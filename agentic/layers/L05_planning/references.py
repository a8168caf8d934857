"""`{"$from": "step", "path": "a.0.b", "default": …}`: what an earlier step gave, wherever it stands in a step's input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

KEY: Final = "$from"
_KEYS: Final = frozenset((KEY, "path", "default"))
_ABSENT: Final = object()


class Reference(NamedTuple):
    """One reference: the step, the path within what it gave, and the place in the input at which it stands."""

    step: str
    path: str
    default: Any
    place: str

    @property
    def has_default(self) -> bool:
        """Whether something stands for it when there is nothing."""
        return self.default is not _ABSENT


class MalformedReferenceError(ValueError):
    """An object with `$from` that is no reference."""


class SkippedError(Exception):
    """A reference without a default leads to a step that gave nothing, because it was skipped."""

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(f"{step} was skipped")


class NothingThereError(ValueError):
    """A reference without a default leads to where nothing is."""


def is_reference(value: Any) -> bool:
    """Whether a value stands for what another step gave."""
    return isinstance(value, dict) and KEY in value


def read(value: Any, place: str = "") -> Reference:
    """A reference.

    Raises:
        MalformedReferenceError: it is none.
    """
    if unknown := set(value) - _KEYS:
        raise MalformedReferenceError(
            f"a reference has $from, path and default, not {', '.join(sorted(unknown))[:200]}"
        )
    step, path = value[KEY], value.get("path", "")
    if not isinstance(step, str) or not isinstance(path, str):
        raise MalformedReferenceError("$from and path of a reference are texts")
    return Reference(step, path, value.get("default", _ABSENT), place)


def references(value: Any, place: str = "") -> Iterator[Reference]:
    """The references in a value.

    Raises:
        MalformedReferenceError: an object with `$from` is none.
    """
    if is_reference(value):
        yield read(value, place)
    elif isinstance(value, dict):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from references(item, _below(place, key))
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from references(item, _below(place, str(index)))


def resolved(value: Any, outputs: Mapping[str, Any], skipped: frozenset[str] | set[str]) -> Any:
    """A value with what the steps gave in place of its references.

    Raises:
        SkippedError: a step gave nothing, because it was skipped.
        NothingThereError: what it gave has no such path.
    """
    if is_reference(value):
        return look_up(read(value), outputs, skipped)
    if isinstance(value, dict):
        members = cast("Mapping[str, Any]", value)
        return {key: resolved(item, outputs, skipped) for key, item in members.items()}
    if isinstance(value, list):
        return [resolved(item, outputs, skipped) for item in cast("list[Any]", value)]
    return value


def look_up(reference: Reference, outputs: Mapping[str, Any], skipped: frozenset[str] | set[str]) -> Any:
    """What a reference stands for.

    Raises:
        SkippedError, NothingThereError: nothing.
    """
    if reference.step in skipped or reference.step not in outputs:
        if reference.has_default:
            return reference.default
        raise SkippedError(reference.step)
    found = _at(outputs[reference.step], reference.path)
    if found is not _ABSENT:
        return found
    if reference.has_default:
        return reference.default
    raise NothingThereError(f"what {reference.step!r} gave has nothing at {reference.path!r}")


def _at(value: Any, path: str) -> Any:
    for part in path.split(".") if path else ():
        if isinstance(value, dict) and part in value:
            value = cast("Mapping[str, Any]", value)[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(part)]
        else:
            return _ABSENT
    return value


def _below(place: str, part: str) -> str:
    return f"{place}.{part}" if place else part
