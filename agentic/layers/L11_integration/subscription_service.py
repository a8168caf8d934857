"""What may be done with subscriptions from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import ExistsError, InvalidError, NotFoundError
from agentic.layers.base.ids import timestamp
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.cursor import CursorSet
from agentic.layers.L01_data_layer.models.subscription import Subscription as Stored
from agentic.layers.L01_data_layer.models.subscription import SubscriptionUpdate
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.cursor import PREFIX
from agentic.layers.L11_integration.dead_letters import aggregate_id
from agentic.layers.L11_integration.errors import NotStoredError, SubscriptionExistsError
from agentic.layers.L11_integration.feed_subscription import FeedSubscription
from agentic.layers.L11_integration.filters import Filter
from agentic.layers.L11_integration.makers import cursor_name
from agentic.layers.L11_integration.notices import Notices
from agentic.layers.L11_integration.pattern import Pattern
from agentic.layers.L11_integration.router import EventRouter
from agentic.layers.L11_integration.secrets_of import rotate, valid_secrets
from agentic.layers.L11_integration.stored import FEED, ROTATED, StoredSubscriptions
from agentic.layers.L11_integration.targets import WebhookTarget, target_of
from agentic.layers.L11_integration.views import of_running, of_stored
from agentic.layers.L11_integration.webhook_sender import WebhookSender

SLACK: Final = timedelta(seconds=1)
"""Events have their times before their places: so much before a time, nothing of it has its place yet."""
NOTHING: Final = Answer(b"")


class SubscriptionService:
    """Subscriptions, stored and in code, as callers see and change them."""

    def __init__(
        self,
        client: Callable[[], L01Client],
        router: EventRouter,
        stored: StoredSubscriptions,
        notices: Mapping[str, Notices],
        sender: WebhookSender,
    ) -> None:
        self._client = client
        self._router = router
        self._stored = stored
        self._notices = notices
        self._sender = sender

    # -- looked at

    async def list(self, call: Call) -> Answer:
        """Every subscription: how far it has come, how far that is behind, and what went wrong last."""
        return Answer(jsonio.encode({"items": await self.all()}))

    async def all(self) -> list[models.Subscription]:
        """Every subscription, the platform's own first."""
        head = await self._client().events.head()
        stored = {each["name"]: each async for each in self._client().subscriptions.all(order="asc")}
        own = [name for name in self._router.subscriptions if name not in stored]
        return [await self._view(name, stored.get(name), head) for name in (*own, *stored)]

    async def get(self, call: Call) -> Answer:
        """One subscription by its name."""
        name = call.path["name"]
        stored = await self._find(name)
        head = await self._client().events.head()
        return Answer(jsonio.encode(await self._view(name, stored, head)))

    async def _view(self, name: str, stored: Stored | None, head: int) -> models.Subscription:
        running = self._router.subscriptions.get(name)
        if running is not None:
            notices = self._notices.get(name)
            return of_running(running, stored, head, None if notices is None else notices.report())
        assert stored is not None
        here = self._stored.delivers or stored["kind"] == FEED
        idle: models.Status = "stopped" if here else "elsewhere"
        status = idle if stored["enabled"] else "paused"
        return of_stored(stored, head, await self._place(stored), status)

    async def _place(self, stored: Stored) -> int | None:
        try:
            return (await self._client().cursors.get(PREFIX + cursor_name(stored)))["position"]
        except NotFoundError:
            return None

    async def _find(self, name: str) -> Stored | None:
        """A stored subscription; none for one that is code.

        Raises:
            NotFoundError: there is neither.
        """
        found = (await self._client().subscriptions.list(name=name, limit=1))["items"]
        if found:
            return found[0]
        if name in self._router.subscriptions:
            return None
        raise NotFoundError(f"There is no subscription {name!r}.")

    async def _one(self, call: Call) -> Stored:
        name = call.path["name"]
        stored = await self._find(name)
        if stored is None:
            raise NotStoredError(f"{name} is a part of the platform's code.")
        return stored

    # -- made and changed

    async def create(self, call: Call) -> Answer:
        """Makes a subscription, and for a webhook the secret that its messages are signed with."""
        body = validated(models.SubscriptionMade, call.body)
        await self._check(body.kind, body.event_type, body.filter, body.target)
        if body.name in self._router.subscriptions:
            raise SubscriptionExistsError(f"There is a subscription {body.name!r} already.")
        fields = body.model_dump(mode="json", exclude={"after"})
        if body.after is not None:
            fields["enabled"] = False
        try:
            stored = await self._client().subscriptions.create(**fields)
        except ExistsError:
            raise SubscriptionExistsError(f"There is a subscription {body.name!r} already.") from None
        if body.after is not None:
            stored = await self._begin_at(stored, body.after, enabled=body.enabled)
        secret = None
        if stored["kind"] == "webhook":
            secret = (await valid_secrets(self._client(), stored["id"]))[0]
        await self._stored.refresh(stored["id"])
        answer: models.NewSubscription = {"subscription": stored, "secret": secret}
        return Answer(jsonio.encode(answer), stored["version"])

    async def update(self, call: Call) -> Answer:
        """Changes what a subscription is about; its place stays."""
        stored = await self._one(call)
        body = validated(SubscriptionUpdate, call.body)
        changes = {name: body.__dict__[name] for name in body.model_fields_set}
        after: dict[str, Any] = {**stored, **changes}
        await self._check(stored["kind"], after["event_type"], after["filter"], after["target"])
        return await self._write(stored, changes, call.expected)

    async def delete(self, call: Call) -> Answer:
        """Takes a subscription away, and what was noted of its deliveries."""
        stored = await self._one(call)
        await self._client().subscriptions.delete(stored["id"])
        await self._stored.refresh(stored["id"])
        await self._client().deliveries.forget(stored["id"])
        return NOTHING

    async def pause(self, call: Call) -> Answer:
        """Delivers nothing until it is resumed. Its place stays."""
        return await self._write(await self._one(call), {"enabled": False, "reason": "paused"})

    async def resume(self, call: Call) -> Answer:
        """Goes on where it was."""
        return await self._write(await self._one(call), {"enabled": True, "reason": None})

    async def replay(self, call: Call) -> Answer:
        """Lets events come again, after a position or from a time on. Dead letters after that place are forgotten: they come too."""
        stored, body = await self._one(call), validated(models.Replay, call.body)
        if body.position is None and body.time is None:
            raise InvalidError.of(("position", "a position or a time says from where"))
        position = body.position if body.position is not None else await self._before(body.time or "")
        await self._begin_at(stored, min(position, await self._client().events.head()))
        await self._stored.refresh(stored["id"])
        return _place(stored, position)

    async def _begin_at(self, stored: Stored, position: int, *, enabled: bool | None = None) -> Stored:
        """A new generation at a place of its own, so that nobody who still works at the old one can move it."""
        following = stored["generation"] + 1
        changes: dict[str, Any] = {"generation": following}
        if enabled is not None:
            changes["enabled"] = enabled
        cursor = PREFIX + cursor_name({**stored, "generation": following})
        await self._client().cursors.set(cursor, position)
        changed = await self._client().subscriptions.update(
            stored["id"], changes, expected_version=stored["version"]
        )
        await self._client().deliveries.forget(stored["id"], position)
        return changed

    async def _before(self, moment: str) -> int:
        until = timestamp(datetime.fromisoformat(moment) - SLACK)
        items = (await self._client().events.list(until=until, limit=1))["items"]
        return (items[0]["position"] or 0) if items else 0

    async def acknowledge(self, call: Call) -> Answer:
        """The reader of a feed has done everything up to a position."""
        stored, position = await self._one(call), validated(CursorSet, call.body).position
        feed = self._router.subscriptions.get(stored["name"])
        if isinstance(feed, FeedSubscription):
            await feed.cursor.advance(position, handled=False)
            await feed.cursor.save()
            return _place(stored, position)
        raise NotStoredError("Only the reader of a feed tells its place, and only while it is not paused.")

    async def rotate(self, call: Call) -> Answer:
        """A new secret for a webhook. Messages are signed with the one before it too, as long as that is valid."""
        stored = await self._one(call)
        if stored["kind"] != "webhook":
            raise NotStoredError("Only the messages of a webhook are signed.")
        answer = await rotate(self._client(), stored["id"], call.body)
        await self._tell(ROTATED, stored, {"previous_until": answer["previous_until"]})
        await self._stored.refresh(stored["id"], anew=True)
        return Answer(jsonio.encode(answer))

    async def _check(
        self, kind: str, event_type: str, conditions: Mapping[str, Any], target: Mapping[str, Any]
    ) -> None:
        Pattern(event_type)
        Filter(conditions)
        known = target_of(kind, target)
        if isinstance(known, WebhookTarget):
            await self._sender.check(known.url)

    async def _write(self, stored: Stored, changes: dict[str, Any], expected: int | None = None) -> Answer:
        changed = await self._client().subscriptions.update(stored["id"], changes, expected_version=expected)
        await self._stored.refresh(stored["id"])
        return Answer(jsonio.encode(changed), changed["version"])

    # -- deliveries

    async def deliveries(self, call: Call) -> Answer:
        """What became of events, the newest first. Of those that arrived, the newest thousand or so are known."""
        await self._router.notes.flush()
        return await self._noted(call, models.DeliveriesAsked, {})

    async def dead_letters(self, call: Call) -> Answer:
        """The events that could not be delivered."""
        return await self._noted(call, models.Paging, {"status": "dead"})

    async def _noted(self, call: Call, model: Any, more: dict[str, Any]) -> Answer:
        query = validated(model, call.query).model_dump(exclude_none=True)
        page = await self._client().deliveries.list(await self._subscriber(call), **query, **more)
        return Answer(jsonio.encode(page))

    async def _subscriber(self, call: Call) -> str:
        stored = await self._find(call.path["name"])
        return call.path["name"] if stored is None else stored["id"]

    async def retry(self, call: Call) -> Answer:
        """Tries a dead letter again, once, and tells what came of it."""
        name = call.path["name"]
        stored = await self._find(name)
        letter = await self._letter(call)
        subscriber = self._router.subscriptions.get(name)
        if subscriber is None:
            assert stored is not None
            subscriber = self._stored.made(stored)
        event = await self._client().events.get(letter["event_id"])
        changes: dict[str, Any] = {"attempts": letter["attempts"] + 1}
        try:
            await subscriber.again(event)
        except Exception as error:
            subscriber.failed(error, event["position"])
            assert subscriber.last_error is not None
            changes |= {"error": subscriber.last_error["error"]}
        else:
            changes |= {"status": "delivered", "error": None}
        await self._note(letter, changes)
        return Answer(jsonio.encode({**letter, **changes, "updated_at": timestamp()}))

    async def drop(self, call: Call) -> Answer:
        """Gives a dead letter up."""
        letter = await self._letter(call)
        await self._note(letter, {"status": "dropped"})
        told = {"subscription": call.path["name"], "position": letter["position"]}
        aggregate = aggregate_id(call.path["name"])
        await self._client().events.append("subscription.letter_dropped", "subscription", aggregate, told)
        return NOTHING

    async def _letter(self, call: Call) -> models.Delivery:
        position = str(call.path["position"])
        if not (position.isascii() and position.isdigit() and len(position) < 17):
            raise InvalidError.of(("position", "a place in the log"))
        subscriber = await self._subscriber(call)
        found = await self._client().deliveries.list(subscriber, status="dead", position=int(position))
        if not found["items"]:
            raise NotFoundError(f"There is no dead letter at position {position}.")
        return found["items"][0]

    async def _note(self, letter: models.Delivery, changes: Mapping[str, Any]) -> None:
        note: dict[str, Any] = {**letter, **changes}
        del note["updated_at"]
        await self._router.notes.write(note)

    async def _tell(self, event_type: str, stored: Stored, payload: Mapping[str, Any]) -> None:
        await self._client().events.append(
            event_type, "subscription", stored["id"], {"subscription": stored["name"], **payload}
        )


def _place(stored: Stored, position: int) -> Answer:
    place: models.Place = {"name": stored["name"], "position": position}
    return Answer(jsonio.encode(place))
