"""Our judge of Slack's blocks agrees with a specification that is not ours: slackblocks, 100 valid and 106 invalid.

We write three kinds of block of some thirty, so most of it is about what we never send: there the judge must say that it
does not know the kind, and nothing else.  Every one of the 206 is in one of the two classes, and a new one fails here.
The invalid cases are names of limits without a message; those of our kinds are made here, one step over the limit.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from alerts import render
from alerts.model import Kind, Notice
from tests import blocks, newsroom

SPEC = Path(__file__).parents[2] / "shared/data/slack_slackblocks_spec.tar.gz"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the specification of slackblocks is not here")


@cache
def spec() -> Mapping[str, Any]:
    """Every JSON file of it, by its path."""
    with tarfile.open(SPEC) as folder:
        found = {m.name.partition("/")[2]: folder.extractfile(m) for m in folder if m.name.endswith(".json")}
        return {name: json.load(file) for name, file in found.items() if file is not None}


def valid() -> Iterator[tuple[str, Any]]:
    for name, fixture in spec().items():
        if name.startswith("fixtures/valid/") and not name.endswith("manifest.json"):
            yield name.removeprefix("fixtures/valid/"), fixture


OF_OURS = {
    "blocks/divider_block_only.json",
    "blocks/header_block_emoji_at_limit.json",
    "blocks/header_block_only.json",
    "blocks/header_block_text_at_limit.json",
    "blocks/rich_text_block_basic.json",
    "objects/text_plaintext_basic.json",
    "objects/text_plaintext_emoji.json",
    "rich_text/rich_text_basic.json",
    "rich_text/rich_text_link_basic.json",
    "rich_text/rich_text_section_basic.json",
}


def test_what_is_valid_is_so_or_of_a_kind_that_we_never_write() -> None:
    found = dict(valid())
    assert len(found) == 100
    for name, fixture in found.items():
        said = blocks.of(fixture)
        if name in OF_OURS:
            assert said == [], name
        else:
            assert said, name
            assert said[0].endswith("is none that we write"), name
    assert found.keys() >= OF_OURS


def text(n: int) -> dict[str, Any]:
    return {"type": "text", "text": "x" * n}


def header(n: int, **more: Any) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": "x" * n}, **more}


OVER: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text-empty": (text(1), text(0)),
    "text-too-long": (text(3_000), text(3_001)),
    "header-text-too-long": (header(150), header(151)),
    "block-id-too-long": (header(1, block_id="x" * 255), header(1, block_id="x" * 256)),
}
"""The invalid cases of our kinds: at the limit, and one step over it."""


def test_what_is_invalid_is_refused_or_of_a_kind_that_we_never_write() -> None:
    cases = spec()["fixtures/invalid/manifest.json"]["cases"]
    assert len(cases) == 106
    for case in cases:
        if case["id"] in OVER:
            at, over = OVER[case["id"]]
            assert blocks.of(at) == [], case["id"]
            assert blocks.of(over), case["id"]
        else:
            assert case["constraint"].partition(".")[0] not in {*blocks.OURS, "block_id"}, case["id"]
    assert {case["id"] for case in cases} >= OVER.keys()


def test_the_limits_are_those_of_the_specification() -> None:
    limits = spec()["limits.json"]
    assert (limits["text"]["max_length"], limits["text"]["min_length"]) == (blocks.TEXT, 1)
    assert (limits["header"]["text"]["max_length"], limits["block_id"]["max_length"]) == (blocks.HEADER, blocks.NAME)
    assert limits["url_source"]["url"]["max_length"] == blocks.URL


WRONG = [
    ("nothing in it", {"type": "rich_text", "elements": []}),
    ("no text", {"type": "text"}),
    ("a link that is none", {"type": "link", "url": "javascript:x", "text": "x"}),
    ("a link without end", {"type": "link", "url": "https://" + "x" * 3_000, "text": "x"}),
    ("a header of marks", {"type": "header", "text": {"type": "mrkdwn", "text": "x"}}),
    ("text outside of a section", {"type": "rich_text", "elements": [text(1)]}),
    ("a key that it does not have", {**text(1), "colour": "red"}),
    ("a style that is none", {**text(1), "style": {"loud": True}}),
    ("a kind that we do not write", {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}),
    ("no object", "x"),
]


@pytest.mark.parametrize(("why", "part"), WRONG, ids=[case[0] for case in WRONG])
def test_what_else_is_refused(why: str, part: object) -> None:
    assert blocks.of(part), why


def test_how_many_blocks_a_message_has() -> None:
    one = {"type": "divider"}
    assert [bool(blocks.faults([one] * n)) for n in (0, 1, 50, 51)] == [True, False, False, True]


def test_every_message_of_ours_is_taken() -> None:
    kind: Kind = "slack"
    notice = render.notice(kind, Notice("k", "Channel <b> is paused", "said <!channel> " * 500))
    for message in (render.alert(newsroom.alert(kind)), render.digest(newsroom.digest(kind)), notice):
        for part in (message, *message.rest):
            assert blocks.faults(json.loads(part.body)["blocks"]) == []
