"""JSON in and out, exactly: big integers, long decimals, unicode and null come back as they went in.

`msgspec` is used because it keeps integers of any size and offers a hook for decimals; a float stays a float when it is
the number that was written, and becomes a `Decimal` when it is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import msgspec

from agentic.layers.base.common_errors import InvalidError

MAX_DEPTH = 64
MAX_EXPONENT = 1000
MAX_BITS = math.ceil(MAX_EXPONENT / math.log10(2))
_PLAIN = 2**63
TOO_FAR = f"a number with an exponent beyond {MAX_EXPONENT} cannot be kept"


def _number(text: str) -> float | Decimal:
    exact = Decimal(text)
    if exact and abs(exact.adjusted()) > MAX_EXPONENT:
        raise ValueError(TOO_FAR)
    near = float(text)
    return near if math.isfinite(near) and Decimal(repr(near)) == exact else exact


_decoder = msgspec.json.Decoder(float_hook=_number)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(data: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        InvalidError: it is not JSON, not UTF-8, nested too deeply, or holds a number that cannot be kept.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise InvalidError.of(("body", f"not valid JSON: {error}")) from error
    except RecursionError as error:
        raise InvalidError.of(("body", f"nested deeper than {MAX_DEPTH} levels")) from error


def encode(value: Any) -> bytes:
    """The JSON text of a value that passed `check`."""
    return _encoder.encode(value)


def check(value: Any, field: str) -> Any:
    """The value itself, when PostgreSQL can keep it as it is.

    Raises:
        InvalidError: a NUL, a lone surrogate, NaN or an infinity, a key that is no string, a type that JSON does not
            have, or more than `MAX_DEPTH` levels.
    """
    if not _is_plain(value, 0):
        _walk(value, field, 0)
    return value


def _is_plain(value: Any, depth: int) -> bool:
    """Whether a value can surely be kept. Nearly all can, and are looked through here without naming each place in them."""
    kind = cast("type[Any]", type(value))
    if kind is str:
        return value.isascii() and "\x00" not in value
    if value is None or kind is bool:
        return True
    if kind is int:
        return -_PLAIN < value < _PLAIN
    if kind is dict:
        return depth < MAX_DEPTH and _are_plain_keys(value) and _are_plain(value.values(), depth + 1)
    if kind is list:
        return depth < MAX_DEPTH and _are_plain(value, depth + 1)
    return kind is float and math.isfinite(value)


def _are_plain_keys(keys: Iterable[Any]) -> bool:
    return all(type(key) is str and key.isascii() and "\x00" not in key for key in keys)


def _are_plain(items: Iterable[Any], depth: int) -> bool:
    for item in items:
        if type(item) is str:  # most are, and a call for each would be half of the time
            if not item.isascii() or "\x00" in item:
                return False
        elif item is not None and not _is_plain(item, depth):
            return False
    return True


def _walk(value: Any, field: str, depth: int) -> None:
    if isinstance(value, str):
        check_text(value, field)
    elif value is None or isinstance(value, bool):
        return  # before the mappings: to look whether something is one takes longest
    elif isinstance(value, dict | Mapping):
        _check_depth(depth, field)
        for key, item in cast("Mapping[Any, Any]", value).items():
            if not isinstance(key, str):
                raise InvalidError.of((field, "the keys of an object must be strings"))
            check_text(key, field)
            _walk(item, f"{field}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        _check_depth(depth, field)
        for index, item in enumerate(cast("Sequence[Any]", value)):
            _walk(item, f"{field}.{index}", depth + 1)
    else:
        _check_scalar(value, field)


def _check_scalar(value: Any, field: str) -> None:
    if value is None:
        return
    if isinstance(value, int):
        kept = value.bit_length() <= MAX_BITS
    elif isinstance(value, float | Decimal):
        if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
            raise InvalidError.of((field, "NaN and infinities are not JSON"))
        kept = isinstance(value, float) or not value or abs(value.adjusted()) <= MAX_EXPONENT
    else:
        raise InvalidError.of((field, f"{type(value).__name__} is not a JSON type"))
    if not kept:
        raise InvalidError.of((field, TOO_FAR))


def _check_depth(depth: int, field: str) -> None:
    if depth >= MAX_DEPTH:
        raise InvalidError.of((field[:80], f"nested deeper than {MAX_DEPTH} levels"))


def check_text(value: str, field: str) -> str:
    """The text itself, when it can be stored.

    Raises:
        InvalidError: it holds a NUL byte or a lone surrogate.
    """
    if "\x00" in value:
        raise InvalidError.of((field, "a NUL character cannot be stored"))
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidError.of((field, "a lone surrogate is not text")) from None
    return value
