"""Webhooks: the body is what the schema says, uncut, and always the same bytes."""

import json
import re
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import digests, render
from alerts.model import Hit, Message
from tests import newsroom
from tests.newsroom import BAD_URLS, HOSTILE, NIGHT

SCHEMA = json.loads((Path(__file__).parents[1] / "docs/reference/webhook.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}


def faults(value: Any, schema: dict[str, Any], where: str = "$") -> list[str]:
    """What is wrong with the value, by the part of JSON Schema that our schema uses."""
    if "$ref" in schema:
        return faults(value, SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]], where)
    if "oneOf" in schema:
        branches = [faults(value, branch, where) for branch in schema["oneOf"]]
        return [] if sum(not branch for branch in branches) == 1 else [f"{where}: not one of", *chain(*branches)]
    found = [f"{where}: {name}" for name, fails in CHECKS.items() if name in schema and fails(value, schema[name])]
    for name, part in value.items() if isinstance(value, dict) else ():
        known = schema["properties"].get(name)
        found += faults(part, known, f"{where}.{name}") if known else [f"{where}.{name} is not known"]
    for n, part in enumerate(value) if isinstance(value, list) else ():
        found += faults(part, schema["items"], f"{where}[{n}]")
    return found


def is_no_time(value: Any, _: str) -> bool:
    return value is not None and datetime.fromisoformat(value).utcoffset() is None


CHECKS = {
    "type": lambda v, types: type(v) not in [TYPES[t] for t in ([types] if isinstance(types, str) else types)],
    "const": lambda v, const: v != const,
    "enum": lambda v, words: v not in words,
    "required": lambda v, names: isinstance(v, dict) and set(names) - set(v),
    "minItems": lambda v, least: len(v) < least,
    "minimum": lambda v, least: v < least,
    "pattern": lambda v, pattern: v is not None and not re.search(pattern, v),
    "format": is_no_time,
}


def body(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(message.body)
    return made


def test_the_schema_uses_nothing_that_this_test_does_not_check() -> None:
    used = set(re.findall(r'"([A-Za-z$]+)":', json.dumps(SCHEMA["$defs"])))
    names = set(SCHEMA["$defs"]) | {name for part in SCHEMA["$defs"].values() for name in part.get("properties", {})}
    assert used - names - set(CHECKS) <= {
        "$ref",
        "description",
        "properties",
        "additionalProperties",
        "items",
        "stories",
        "volume",
    }


@pytest.mark.parametrize(
    "message", [render.alert(newsroom.alert("webhook")), render.digest(newsroom.digest("webhook"))]
)
def test_the_body_is_what_the_schema_says(message: Message) -> None:
    assert faults(body(message), SCHEMA) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("type", "digest"), ("rules", "iran"), ("developments", []), ("extra", 1), ("figures", [1])],
)
def test_the_schema_refuses_what_is_wrong(name: str, value: Any) -> None:
    assert faults(body(render.alert(newsroom.alert("webhook"))) | {name: value}, SCHEMA) != []


def test_an_alert_says_who_what_and_why() -> None:
    made = body(render.alert(newsroom.alert("webhook")))
    assert list(made) == [
        "type", "subscription", "rule", "told_before", "rules", "story", "headline", "score", "developments", "also_in",
        "figures", "summary",
    ]  # fmt: skip
    assert (made["type"], made["subscription"], made["story"]) == ("alert", "anna", "s1")
    assert made["rule"] == {"id": "tariffs", "title": "Sanctions and tariffs", "severity": "flash", "tags": []}
    assert made["rules"] == ["iran", "tariffs"]
    assert made["score"] == {"severity": "flash", "outlets": 3, "newest": "2026-07-01T03:42:00Z"}
    assert made["developments"] == [
        {
            "id": "tariff",
            "version": "v1",
            "title": "US announces 25% tariff on all who trade with Iran",
            "url": "https://theguardian.example/tariff",
            "outlet": "The Guardian",
            "published": "2026-07-01T03:42:00Z",
            "seen": "2026-07-01T03:45:00Z",
            "reason": "new facts: 25%",
            "strength": "mention",
            "hits": [{"rule": "iran", "strength": "mention"}, {"rule": "tariffs", "strength": "mention"}],
            "evidence": [
                {"term": "iran", "field": "title", "start": 17, "end": 23, "words": "tariff"},
                {"term": "tariffs", "field": "title", "start": 17, "end": 23, "words": "tariff"},
            ],
            "lang": "en",
        }
    ]


def test_the_strength_is_that_of_the_strongest_hit_that_the_subscriber_asked_for() -> None:
    hits = (Hit("iran", (), "mention"), Hit("tariffs", (), "about"))
    news = replace(NIGHT[2], match=replace(NIGHT[2].match, hits=hits))
    for wanted, strength, told in ((("iran", "tariffs"), "about", 2), (("iran",), "mention", 1)):
        s = newsroom.subscription("webhook", rules=wanted, cron="")
        (made,) = body(render.alert(digests.alert(s, [news], newsroom.RULES, None)))["developments"]
        assert (made["strength"], len(made["hits"])) == (strength, told)


def test_a_digest_tells_every_development_in_its_place() -> None:
    made = body(render.digest(newsroom.digest("webhook")))
    assert (made["slot"], made["zone"], made["more"]) == ("2026-07-01T07:30:00+02:00", "Europe/Warsaw", 0)
    assert [section["rule"]["id"] for section in made["sections"]] == ["tariffs", "iran", "china"]
    told = [d["id"] for section in made["sections"] for story in section["stories"] for d in story["developments"]]
    assert sorted(told) == sorted(d.article.id for d in NIGHT)


def test_rules_and_evidence_of_other_subscribers_are_not_told() -> None:
    made = body(render.alert(newsroom.alert("webhook", rules=("iran", "secret-rule"))))
    assert made["rules"] == ["iran"]
    assert "secret-rule" not in json.dumps(made)


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("url", BAD_URLS)
def test_hostile_words_come_through_as_they_are_and_bad_addresses_do_not(words: str, url: str) -> None:
    alert, digest = newsroom.hostile("webhook", words, url)
    for message in (render.alert(alert), render.digest(digest)):
        assert faults(body(message), SCHEMA) == []
        assert message.body.isascii()
    (told,) = body(render.alert(alert))["developments"]
    assert (told["title"], told["outlet"], told["url"]) == (words, words, None)


@given(st.text(), st.text())
def test_any_text_makes_a_sound_body(words: str, url: str) -> None:
    alert, digest = newsroom.hostile("webhook", words, url)
    assert faults(body(render.alert(alert)), SCHEMA) + faults(body(render.digest(digest)), SCHEMA) == []
    assert render.alert(alert) == render.alert(alert)
