"""Secrets taken out of what is written to a file that people share.

What is known to be secret (values given), what is named so (`"password": …`, also inside text that holds JSON), and what looks like a
key of a well-known kind. The same text is always redacted in the same way, and redacting twice changes nothing: so what is
compared later may be redacted first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

PUT_INSTEAD: Final = "[redacted]"
_NAMES: Final = (
    r"pass(?:word|wd|phrase)?|secret|client[_-]?secret|api[_-]?key|x-api-key|auth(?:orization)?|"
    r"(?:access|refresh|auth|bearer|session|id)?[_-]?token|(?:private|secret|access)[_-]?key|credentials?|cookie|set-cookie"
)
_NAMED: Final = re.compile(rf"(?:[a-z0-9]+[_-])*(?:{_NAMES})", re.IGNORECASE)
_VARIABLE: Final = re.compile(r".*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)", re.IGNORECASE)
_NAMED_IN_TEXT: Final = re.compile(
    rf'("(?:[a-z0-9]+[_-])*(?:{_NAMES})"\s*:\s*")((?:[^"\\]|\\.)+)(?=")', re.IGNORECASE
)
_LOOKS_SECRET: Final = re.compile(
    r"\bsk-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic and many that took after them
    r"|\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,}"
    r"|\bxox[abposr]-[A-Za-z0-9-]{10,}"
    r"|\bA(?:KIA|SIA)[A-Z0-9]{16}\b"
    r"|\bAIza[A-Za-z0-9_-]{35}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+"  # a JSON web token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----",
    re.DOTALL,
)
_IN_HEADER: Final = re.compile(r"(\b(?:Bearer|Basic) )[A-Za-z0-9._~+/=-]{8,}")
_IN_ADDRESS: Final = re.compile(r"(://[^/\s:@\"]*:)[^/\s@\"]+(?=@)")
_SIGNS: Final = (
    *("pass", "secret", "key", "auth", "token", "credential", "cookie"),
    *("sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "akia", "asia", "aiza", "eyj"),
    *("bearer ", "basic ", "://"),
)
"""Each secret that is known by its look or its name has one of these in it, in capitals or not: most text has none, and is done with."""
_SHORTEST: Final = 8
"""Known values below this length are left: `1` would be taken out of every number."""


class Redaction:
    """Takes secrets out. `known` are secret values; those of the environment's secret variables are known anyhow."""

    def __init__(self, known: Iterable[str] = (), environment: Mapping[str, str] | None = None) -> None:
        variables = os.environ if environment is None else environment
        named = (value for name, value in variables.items() if _VARIABLE.fullmatch(name))
        values = {value for value in (*known, *named) if len(value) >= _SHORTEST}
        longest_first = sorted(values, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if values else None

    def text(self, text: str) -> str:
        """The text without them."""
        if self._known is not None:
            text = self._known.sub(PUT_INSTEAD, text)
        lower = text.lower()
        if not any(sign in lower for sign in _SIGNS):
            return text
        text = _NAMED_IN_TEXT.sub(rf"\g<1>{PUT_INSTEAD}", text)
        text = _LOOKS_SECRET.sub(PUT_INSTEAD, text)
        text = _IN_HEADER.sub(rf"\g<1>{PUT_INSTEAD}", text)
        return _IN_ADDRESS.sub(rf"\g<1>{PUT_INSTEAD}", text)

    def value(self, value: Any) -> Any:
        """The JSON value without them; a text under a secret's name is taken whole."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            items = cast("Mapping[str, Any]", value).items()
            return {key: self._member(key, member) for key, member in items}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in cast("list[Any]", value)]
        return value

    def _member(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and value and _NAMED.fullmatch(name):
            return PUT_INSTEAD
        return self.value(value)
