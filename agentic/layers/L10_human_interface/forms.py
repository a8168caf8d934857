"""What people send: the fields of forms, where to go back to, and who they are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from starlette.datastructures import FormData

from agentic.layers.base import jsonio, tracing
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.errors import FieldError, PlatformError

SEE_OTHER: Final = 303
BY_DEFAULT: Final = "dashboard"


def text_in(form: FormData, name: str) -> str:
    """A field without the space around it; empty when it is not there."""
    return str(form.get(name, "")).replace("\r\n", "\n").strip()


def required_in(form: FormData, name: str) -> str:
    """A field that must say something.

    Raises:
        InvalidError: it does not.
    """
    text = text_in(form, name)
    if not text:
        raise InvalidError.of((name, "say something"))
    return text


def value_of(text: str) -> Any:
    """What a person wrote: JSON where it is JSON, otherwise the text."""
    try:
        return jsonio.decode(text)
    except InvalidError:
        return text


def back_from(form: FormData, otherwise: str) -> str:
    """The page that a form came from."""
    path = str(form.get("back", ""))
    return path if is_ours(path) else otherwise


def is_ours(path: str) -> bool:
    """True for a path of this site; two slashes, of either kind, lead elsewhere."""
    return path.startswith("/") and not path.startswith(("//", "/\\"))


def actor() -> str:
    """Who decides, as far as it is known."""
    return tracing.current().get("actor", BY_DEFAULT)


def errors_of(error: PlatformError, fields: Collection[str]) -> dict[str, str]:
    """What is wrong with a form, by field; what is no field's own stands under `form`."""
    listed: list[FieldError] = error.members.get("errors", [])
    found = {item["field"].partition(".")[0]: item["message"] for item in listed}
    if field := error.members.get("field"):
        found[str(field)] = error.detail
    return {name if name in fields else "form": message for name, message in found.items()} or {
        "form": error.detail
    }
