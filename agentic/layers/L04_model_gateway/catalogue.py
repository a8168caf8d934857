"""Which providers there are and which models they have: configuration over the platform's defaults, and what providers tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeVar

import structlog
from pydantic import BaseModel

from agentic.layers.base.breaker import Breaker
from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.errors import PlatformError
from agentic.layers.base.operation import validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.errors import NoProviderError, ProviderFailedError, ProviderSettingError
from agentic.layers.L04_model_gateway.models import (
    ALIASES,
    LIMITS,
    PROVIDERS,
    AliasSetting,
    LimitSetting,
    ModelInfo,
    ProviderInfo,
    ProviderSetting,
)
from agentic.layers.L04_model_gateway.providers import make
from agentic.layers.L04_model_gateway.providers.provider import SHOWN, Complaint, Provider
from agentic.layers.L04_model_gateway.settings import L04Settings
from agentic.layers.L04_model_gateway.upstream import Request, Timeouts, Upstream, UpstreamError

log = structlog.get_logger()

M = TypeVar("M", bound=BaseModel)

AGAIN: Final = 0.5
"""Seconds until a log that ended, because the data layer stopped, is followed again."""
DISCOVERY: Final = Timeouts(connect=2.0, first_byte=10.0, silence=5.0)
LARGEST_LIST: Final = 16 * 1024 * 1024
CHANGES: Final = "config.*,budget.*"


def defaults(settings: L04Settings) -> dict[str, ProviderSetting]:
    """The providers of a platform that nobody has configured. One that is configured under the same name replaces it."""
    found = {"ollama": ProviderSetting(kind="ollama", base_url=settings.ollama_url, order=900)}
    if settings.local_model:
        found["local"] = ProviderSetting(kind="local", order=950)
    return found


class Budgeted(NamedTuple):
    """Whose calls a budget counts, and whether it counts money too."""

    scope: str
    subject: str | None
    money: bool


@dataclass
class Entry:
    """A provider, and what is known of it."""

    provider: Provider
    configured: bool
    breaker: Breaker
    slots: asyncio.Semaphore | None
    models: dict[str, ModelInfo] = field(default_factory=dict[str, ModelInfo])
    status: Literal["ok", "unreachable", "unknown"] = "unknown"
    detail: str = ""
    looking: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.provider.name

    def info(self) -> ProviderInfo:
        """As the API tells it."""
        setting = self.provider.setting
        return {
            "name": self.name,
            "kind": setting.kind,
            "base_url": self.provider.base_url,
            "order": setting.order,
            "enabled": setting.enabled,
            "paid": self.provider.costs_money,
            "configured": self.configured,
            "status": self.status if setting.enabled else "off",
            "detail": self.detail,
            "breaker": self.breaker.state,
            "models": list(self.models.values()),
        }


class Catalogue:
    """Providers, aliases, limits, and the subjects that have budgets; kept as configuration and providers change."""

    def __init__(self, client: Callable[[], L01Client], settings: L04Settings, upstream: Upstream) -> None:
        self._client = client
        self._settings = settings
        self._upstream = upstream
        self.entries: dict[str, Entry] = {}
        """Those that are valid, in the order in which they are asked."""
        self.invalid: dict[str, str] = {}
        """Of each entry of configuration that is none, what is wrong with it."""
        self.aliases: dict[str, AliasSetting] = {}
        self.limits: list[LimitSetting] = []
        self.budgets: frozenset[Budgeted] | None = None
        """What has a budget that counts; none: not yet known, so every call may fall under one."""
        self._loaded = asyncio.Event()
        self._loading = asyncio.Lock()
        self._use({}, frozenset())

    # -- configuration

    async def watch(self) -> None:
        """Reads configuration, and again whenever it changes. Runs until it is cancelled."""
        while True:
            await self.load()
            async for events in self._client().follow(event_type=CHANGES):
                if events:
                    await self.load()
            await asyncio.sleep(AGAIN)

    async def load(self) -> None:
        """Reads configuration.

        Raises:
            PlatformError: the data layer cannot be asked.
        """
        async with self._loading:  # one that began earlier must not put back what another has read since
            l01 = self._client()
            values = {namespace: await _values(l01, namespace) for namespace in (PROVIDERS, ALIASES, LIMITS)}
            budgets = [
                Budgeted(each["scope"], each["subject"], each["max_cost"] is not None)
                async for each in l01.budgets.all(enabled=True)
            ]
            self.budgets = frozenset(budgets)
            self.invalid = {}
            self.aliases = self._valid(ALIASES, AliasSetting, values[ALIASES])
            self.limits = list(self._valid(LIMITS, LimitSetting, values[LIMITS]).values())
            configured = self._valid(PROVIDERS, ProviderSetting, values[PROVIDERS])
            self._use(configured, frozenset(values[PROVIDERS]))
            self._loaded.set()

    async def loaded(self, limit: float) -> None:
        """Returns when configuration was read, or after so many seconds without."""
        if not self._loaded.is_set():
            try:
                await asyncio.wait_for(self._loaded.wait(), limit)
            except TimeoutError:
                return

    def _valid(self, namespace: str, model: type[M], values: Mapping[str, Any]) -> dict[str, M]:
        found: dict[str, M] = {}
        for key, value in values.items():
            try:
                found[key] = validated(model, value)
            except InvalidError as error:
                self.invalid[f"{namespace}/{key}"] = error.detail
                log.warning(
                    "configuration of models is not valid", namespace=namespace, key=key, error=error.detail
                )
        return found

    def _use(self, configured: Mapping[str, ProviderSetting], named: frozenset[str]) -> None:
        """Makes these the providers; one whose setting is as before is the same, with all that is known of it."""
        settings = {name: each for name, each in defaults(self._settings).items() if name not in named}
        before, entries = self.entries, dict[str, Entry]()
        for name, setting in sorted(
            {**settings, **configured}.items(), key=lambda item: (item[1].order, item[0])
        ):
            old = before.get(name)
            if old is not None and old.provider.setting == setting:
                old.configured = name in named
                entries[name] = old
                continue
            try:
                entries[name] = self._entry(name, setting, name in named)
            except ProviderSettingError as error:
                self.invalid[f"{PROVIDERS}/{name}"] = error.detail
        self.entries = entries
        for name, old in before.items():
            if entries.get(name) is not old:
                self._retire(old)

    def _entry(self, name: str, setting: ProviderSetting, configured: bool) -> Entry:
        breaker = Breaker(self._settings.breaker_failures, self._settings.breaker_pause, time.monotonic)
        slots = asyncio.Semaphore(setting.concurrency) if setting.concurrency else None
        provider = make(name, setting)
        entry = Entry(provider, configured, breaker, slots)
        entry.models = {model: provider.model_info(model) for model in setting.models}
        if not setting.discover:
            entry.status = "ok"
        return entry

    def _retire(self, entry: Entry) -> None:
        if entry.looking is not None:
            entry.looking.cancel()
        entry.looking = asyncio.create_task(entry.provider.close())

    # -- which models there are

    async def discover(self) -> None:
        """Asks every provider which models it has, again and again. Runs until it is cancelled."""
        while True:
            await self.discover_all()
            await asyncio.sleep(self._settings.discover_every)

    async def discover_all(self) -> None:
        """Asks every provider once."""
        await asyncio.gather(*(self.look(entry) for entry in self.entries.values()))

    async def look(self, entry: Entry) -> None:
        """Asks one provider; many who want that at once ask it once."""
        if not (entry.provider.setting.enabled and entry.provider.setting.discover):
            return
        if entry.looking is None or entry.looking.done():
            entry.looking = asyncio.create_task(self._look(entry))
        await asyncio.wait([entry.looking])

    async def _look(self, entry: Entry) -> None:
        provider = entry.provider
        try:
            found = await provider.discover(lambda request: self._fetch(provider, request))
        except (PlatformError, UpstreamError) as error:
            entry.status = "unreachable"
            entry.detail = error.detail if isinstance(error, PlatformError) else str(error)
            return
        listed = [model["id"] for model in found]
        named = {name: provider.model_info(name) for name in provider.setting.models if name not in listed}
        entry.models = {**{model["id"]: model for model in found}, **named}
        entry.status, entry.detail = "ok", provider.note

    async def _fetch(self, provider: Provider, request: Request) -> bytes:
        try:
            response = await self._upstream.send(request, DISCOVERY)
            content = await response.read(LARGEST_LIST)
        except UpstreamError as error:
            kind = NoProviderError if not error.sent else ProviderFailedError
            raise kind(f"{provider.name}: {error}", provider=provider.name) from error
        if response.status != 200:
            text = content[:SHOWN].decode(errors="replace")
            raise provider.refusal(Complaint(response.status, text, None), "")
        return content

    # -- what is told

    def models(self) -> list[ModelInfo]:
        """Every model of every provider that is on, in the order in which they are asked."""
        return [
            model
            for entry in self.entries.values()
            if entry.provider.setting.enabled
            for model in entry.models.values()
        ]

    def providers(self) -> list[ProviderInfo]:
        """Every provider, those too that configuration describes wrongly."""
        found = [entry.info() for entry in self.entries.values()]
        prefix = f"{PROVIDERS}/"
        wrong = {key[len(prefix) :]: said for key, said in self.invalid.items() if key.startswith(prefix)}
        return found + [_invalid(name, detail) for name, detail in wrong.items() if name not in self.entries]

    def entry(self, name: str) -> Entry:
        """One provider.

        Raises:
            NotFoundError: there is none.
        """
        if name not in self.entries:
            raise NotFoundError(f"There is no provider {name!r}.")
        return self.entries[name]

    # -- changing

    async def set(self, name: str, setting: ProviderSetting) -> Entry:
        """Configures a provider.

        Raises:
            ProviderSettingError: there is no such kind.
        """
        make(name, setting)
        value = setting.model_dump(mode="json", exclude_unset=True)
        await self._client().config.set(PROVIDERS, name, value)
        await self.load()
        return self.entry(name)

    async def delete(self, name: str) -> None:
        """Takes the configuration of a provider away; a default of this name is as it was.

        Raises:
            NotFoundError: it has none.
        """
        await self._client().config.delete(PROVIDERS, name)
        await self.load()

    async def close(self) -> None:
        """Ends what runs here."""
        for entry in self.entries.values():
            if entry.looking is not None:
                entry.looking.cancel()
            await entry.provider.close()


def _invalid(name: str, detail: str) -> ProviderInfo:
    return {
        "name": name,
        "kind": "",
        "base_url": None,
        "order": 0,
        "enabled": False,
        "paid": False,
        "configured": True,
        "status": "invalid",
        "detail": detail,
        "breaker": "closed",
        "models": [],
    }


async def _values(l01: L01Client, namespace: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    cursor: str | None = None
    while True:
        page = await l01.config.list(namespace, limit=1000, cursor=cursor)
        values.update({item["key"]: item["value"] for item in page["items"]})
        cursor = page["next_cursor"]
        if cursor is None:
            return values
