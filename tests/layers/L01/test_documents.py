"""Documents: found by their words, and brought back from their versions."""

from __future__ import annotations

import hashlib
import html
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agentic.layers.base.common_errors import (
    BrokenReferenceError,
    InvalidError,
    NotFoundError,
    StaleVersionError,
    StateError,
)
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client

pytestmark = pytest.mark.anyio
NOBODY = "01890000-0000-7000-8000-000000000000"


def titles(page: object) -> list[str]:
    return [item["title"] for item in page["items"]]  # type: ignore[index]


# -- search


async def test_a_title_counts_more_than_the_content(l01: L01Client) -> None:
    await l01.documents.create(title="Cooking", content="How to whisk eggs. A whale of a time.")
    await l01.documents.create(title="Whales", content="Large animals of the sea.")
    await l01.documents.create(title="Trains", content="They run on rails.")

    found = await l01.documents.search("whale")
    assert titles(found) == ["Whales", "Cooking"]
    assert found["items"][0]["rank"] > found["items"][1]["rank"] > 0
    assert found["items"][0]["title_highlight"] == "<mark>Whales</mark>"
    assert found["items"][1]["title_highlight"] == "Cooking"
    assert "A <mark>whale</mark> of a time" in found["items"][1]["highlight"]
    assert "content" not in found["items"][0]
    assert found["next_cursor"] is None


async def test_queries_are_written_as_on_the_web(l01: L01Client) -> None:
    await l01.documents.create(title="1", content="the quick brown fox")
    await l01.documents.create(title="2", content="the brown quick fox")
    await l01.documents.create(title="3", content="a slow turtle")
    assert titles(await l01.documents.search('"quick brown"')) == ["1"]
    assert sorted(titles(await l01.documents.search("quick or turtle"))) == ["1", "2", "3"]
    assert sorted(titles(await l01.documents.search("fox -turtles"))) == ["1", "2"]
    assert titles(await l01.documents.search("fox turtle")) == []
    assert titles(await l01.documents.search("the")) == []


async def test_a_search_keeps_to_a_tag_and_a_type(l01: L01Client) -> None:
    await l01.documents.create(title="whale 1", tags=["sea", "big"], content_type="text/markdown")
    await l01.documents.create(title="whale 2", tags=["sea"])
    assert titles(await l01.documents.search("whale", tag="big")) == ["whale 1"]
    assert titles(await l01.documents.search("whale", tag="sea", content_type="text/plain")) == ["whale 2"]
    assert titles(await l01.documents.search("whale", tag="none")) == []


async def test_a_search_pages_through_equal_and_unequal_ranks(l01: L01Client) -> None:
    for n in range(7):
        await l01.documents.create(title=f"d{n}", content="whale " * (1 + n // 3))
    whole = await l01.documents.search("whale")
    assert len(whole["items"]) == 7
    seen = []
    cursor = None
    while True:
        page = await l01.documents.search("whale", limit=2, cursor=cursor)
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == whole["items"]


async def test_highlights_are_safe_on_a_page(l01: L01Client) -> None:
    nasty = (
        "<script>alert('x')</script> \ue000whale\ue001 <mark> & \"quoted\" <b onclick=x>whale</b> &lt;whale"
    )
    await l01.documents.create(title=nasty, content=nasty)
    (hit,) = (await l01.documents.search("whale"))["items"]
    for text in (hit["title_highlight"], hit["highlight"]):
        assert "<mark>whale</mark>" in text
        plain = text.replace("<mark>", "").replace("</mark>", "")
        assert not re.search("[<>\"']", plain)
        assert "\ue000" not in plain
        assert html.escape(html.unescape(plain), quote=True).replace("&#x27;", "&#39;") == plain
    assert hit["title"] == nasty


async def test_a_word_at_the_end_of_a_long_document_is_found_and_shown(l01: L01Client) -> None:
    await l01.documents.create(title="long", content="filler text goes on. " * 10_000 + "Here is the whale.")
    (hit,) = (await l01.documents.search("whale"))["items"]
    assert "<mark>whale</mark>" in hit["highlight"]
    assert len(hit["highlight"]) < 1000


async def test_a_change_is_found_by_its_new_words(l01: L01Client) -> None:
    document = await l01.documents.create(title="a", content="whale")
    await l01.documents.update(document["id"], {"content": "shark"})
    assert titles(await l01.documents.search("whale")) == []
    assert titles(await l01.documents.search("shark")) == ["a"]
    await l01.documents.delete(document["id"])
    assert titles(await l01.documents.search("shark")) == []


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=200))
@example("' \\ : & | ! ( ) <-> * ")
@example('"unclosed -"')
@example("\U0001d400" * 500)
@example("a:*b & !!c")
async def test_any_text_can_be_searched_for(l01_http: L01Client, q: str) -> None:
    try:
        found = await l01_http.documents.search(q)
    except InvalidError as refused:
        assert not q.strip() or "\x00" in q
        assert refused.members["errors"][0]["field"] == "q"
    else:
        assert found == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"q": ""}, "q"),
        ({"q": " \t\n"}, "q"),
        ({"q": "x" * 501}, "q"),
        ({"q": "x", "limit": 0}, "limit"),
        ({"q": "x", "limit": 101}, "limit"),
        ({"q": "x", "cursor": "nonsense"}, "cursor"),
        ({"q": "x", "cursor": "bm9uc2Vuc2U"}, "cursor"),
        ({"q": "x", "offset": 3}, "offset"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(
    l01: L01Client, query: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await l01.documents.search(**query)  # type: ignore[arg-type]
    assert [error["field"] for error in refused.value.members["errors"]] == [field]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=100), st.text(max_size=300))
async def test_any_text_is_kept_or_refused_by_name(l01_http: L01Client, title: str, content: str) -> None:
    try:
        document = await l01_http.documents.create(title=title, content=content, tags=[title])
    except InvalidError as refused:
        assert "\x00" in title + content
        assert {error["field"] for error in refused.members["errors"]} <= {"title", "content", "tags.0"}
    else:
        assert await l01_http.documents.get(document["id"]) == document
        assert (document["title"], document["content"]) == (title, content)
        assert (await l01_http.documents.list(tag=title, limit=1))["items"] == [document]


async def test_a_search_keeps_to_what_is_in_force_and_believed(l01: L01Client) -> None:
    old = await l01.documents.create(title="whale, first edition", authority=90)
    new = await l01.documents.create(title="whale, second edition", authority=90)
    await l01.documents.create(title="whale, hearsay", authority=10)
    await l01.documents.update(old["id"], {"superseded_by": new["id"]})
    found = await l01.documents.search("whale", superseded=False, min_authority=50)
    assert titles(found) == ["whale, second edition"]
    assert found["items"][0]["authority"] == 90
    found = await l01.documents.search("whale", superseded=True)
    assert [hit["superseded_by"] for hit in found["items"]] == [new["id"]]
    assert titles(await l01.documents.list(superseded_by=new["id"])) == ["whale, first edition"]


# -- one content, one truth


async def test_a_document_is_found_by_the_hash_of_its_content(l01: L01Client) -> None:
    content = "Wale singen. 鯨"
    document = await l01.documents.create(title="a", content=content)
    await l01.documents.create(title="b", content="something else")
    await l01.documents.create(title="nothing")
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert titles(await l01.documents.list(content_hash=digest)) == ["a"]
    await l01.documents.update(document["id"], {"content": "changed"})
    assert titles(await l01.documents.list(content_hash=digest)) == []
    assert titles(await l01.documents.list(content_hash=digest, as_of="1")) == ["a"]
    with pytest.raises(InvalidError, match="content_hash"):
        await l01.documents.list(content_hash=digest.upper())


async def test_what_replaces_a_document_is_another_one(l01: L01Client) -> None:
    document = await l01.documents.create(title="a")
    with pytest.raises(StateError, match="cannot replace itself"):
        await l01.documents.update(document["id"], {"superseded_by": document["id"]})
    with pytest.raises(BrokenReferenceError):
        await l01.documents.update(document["id"], {"superseded_by": NOBODY})
    for authority in (-1, 101, 1.5, "5"):
        with pytest.raises(InvalidError, match="authority"):
            await l01.documents.update(document["id"], {"authority": authority})
    assert await l01.documents.get(document["id"]) == document


async def test_a_restore_changes_neither_authority_nor_what_replaces_it(l01: L01Client) -> None:
    first = await l01.documents.create(title="a", content="1")
    other = await l01.documents.create(title="b")
    await l01.documents.update(first["id"], {"authority": 80, "superseded_by": other["id"], "content": "2"})
    restored = await l01.documents.restore(first["id"], 1)
    assert (restored["content"], restored["authority"], restored["superseded_by"]) == ("1", 80, other["id"])


# -- history and restore


async def test_the_history_says_when_by_whom_and_what(l01: L01Client) -> None:
    with traced(actor="ada"):
        document = await l01.documents.create(title="a", content="1", tags=["x"])
    with traced(actor="bob"):
        changed = await l01.documents.update(document["id"], {"content": "2", "tags": []})
    await l01.publish_event("document.read", "document", document["id"], {"title": "not a change"})
    await l01.documents.delete(document["id"])

    history = (await l01.documents.history(document["id"]))["items"]
    assert [(v["version"], v["event_type"], v["actor"]) for v in history] == [
        (4, "document.deleted", None),
        (2, "document.updated", "bob"),
        (1, "document.created", "ada"),
    ]
    assert history[0]["changed"] == []
    assert sorted(history[1]["changed"]) == ["content", "tags"]
    assert sorted(history[2]["changed"]) == [
        *("authority", "content", "content_type", "metadata", "superseded_by", "tags", "title")
    ]
    assert history[1]["created_at"] == changed["updated_at"]
    event = await l01.events.get(history[1]["event_id"])
    assert event["payload"] == {"content": "2", "tags": [], "updated_at": changed["updated_at"]}


async def test_a_history_pages(l01: L01Client) -> None:
    document = await l01.documents.create(title="1")
    for n in range(2, 6):
        await l01.documents.update(document["id"], {"title": str(n)})
    first = await l01.documents.history(document["id"], limit=3)
    rest = await l01.documents.history(document["id"], limit=3, cursor=first["next_cursor"])
    assert [v["version"] for v in first["items"]] == [5, 4, 3]
    assert [v["version"] for v in rest["items"]] == [2, 1]
    assert rest["next_cursor"] is None


async def test_a_version_is_restored_as_a_new_one(l01: L01Client) -> None:
    first = await l01.documents.create(
        title="a", content="1", metadata={"n": 10**30, "null": None}, tags=["x"], content_type="text/x"
    )
    await l01.documents.update(
        first["id"], {"title": "b", "content": None, "metadata": {}, "tags": [], "content_type": "text/y"}
    )
    restored = await l01.documents.restore(first["id"], 1, expected_version=2)
    assert restored == {**first, "version": 3, "updated_at": restored["updated_at"]}
    assert await l01.documents.get(first["id"]) == restored
    newest = (await l01.documents.history(first["id"]))["items"][0]
    assert (newest["version"], newest["restored_from"]) == (3, "version 1")

    again = await l01.documents.restore(first["id"], 2)
    assert (again["title"], again["content"], again["version"]) == ("b", None, 4)


async def test_a_restore_that_cannot_be_changes_nothing(l01: L01Client) -> None:
    document = await l01.documents.create(title="a")
    await l01.publish_event("document.read", "document", document["id"], {})
    for version in (2, 3):
        with pytest.raises(NotFoundError, match=f"no version {version}"):
            await l01.documents.restore(document["id"], version)
    with pytest.raises(NotFoundError):
        await l01.documents.restore(NOBODY, 1)
    with pytest.raises(StaleVersionError):
        await l01.documents.restore(document["id"], 1, expected_version=7)
    for version in (0, -1, "1", None, 2**40):
        with pytest.raises(InvalidError, match="version"):
            await l01.documents.restore(document["id"], version)  # type: ignore[arg-type]
    assert await l01.documents.get(document["id"]) == document
    await l01.documents.delete(document["id"])
    with pytest.raises(NotFoundError):
        await l01.documents.restore(document["id"], 1)


async def test_what_never_was_has_no_history(l01: L01Client) -> None:
    with pytest.raises(NotFoundError):
        await l01.documents.history(NOBODY)
    with pytest.raises(InvalidError, match="cursor"):
        await l01.documents.history(NOBODY, cursor="x")
