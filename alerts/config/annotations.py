"""How a text of a file is read, and the JSON Schema that tells an editor the same.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import core_schema

from alerts.config import scalars

EVERY_RULE = ("all",)
"""What ``rules: all`` is until the rules are known; no rule can have that id."""


Flag = Literal["true", "false"]


class Text:
    """An annotation: how a text is read, and the JSON Schema that tells an editor the same."""

    def __init__(self, read: Callable[[str], Any], **schema: Any) -> None:
        self.read = read
        self.schema = {"type": "string", **schema}

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, _core: object, _handler: object) -> dict[str, Any]:
        return dict(self.schema)

    def _validate(self, value: object) -> Any:
        if isinstance(value, str):
            return self.read(value)
        raise ValueError(_no_text(value))


def _no_text(value: object) -> str:
    if value is None:
        return "has no value; write one, or delete the key"
    if isinstance(value, dict) and "cron" in value:
        return "must be text; write `when: cron 30 7 * * 1-5`, in one line"
    if isinstance(value, dict):
        pair = next((f"{key}:{word}" for key, word in value.items() if isinstance(word, str)), "key:value")
        hint = f"{pair}, without a blank after the colon" if len(pair) < 60 else "it without a blank after the colon"
        return f"must be text, and a key with a value stands here; write {hint}, or put it in quotes"
    return "must be text, and a list stands here"


def choice(closed: Any) -> Callable[[str], str]:
    """Make a reader of a closed set of words."""
    words = get_args(closed)

    def read(text: str) -> str:
        if text not in words:
            listed = f"{', '.join(words[:-1])} or {words[-1]}"
            raise ValueError(f"{scalars.shown(text)} is not known; it must be {listed}{scalars.near(text, words)}")
        return text

    return read


def _rules(value: object) -> tuple[str, ...]:
    if value == "all":
        return EVERY_RULE
    if not isinstance(value, list) or not value:
        raise ValueError('must be `all`, or a list such as [iran, "tag:trade", "sanction*"]')
    if "all" in value:
        raise ValueError("write `rules: all`, without brackets and without other ids")
    if not all(isinstance(rule, str) for rule in value):
        raise ValueError('must hold ids of rules, "tag:…" and patterns with *, and nothing else')
    return tuple(value)


def _langs(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (scalars.lang(value),)
    if not isinstance(value, list) or not value or not all(isinstance(code, str) for code in value):
        raise ValueError("must be a language code such as en, or a list of them such as [en, fa]")
    return tuple(scalars.lang(code) for code in value)


_WORD = {"type": ["string", "number"]}  # A term may look like a number: 2026.
Id = Annotated[str, Text(scalars.id_, pattern=f"^{scalars.ID}$", maxLength=64)]
Line = Annotated[str, Text(scalars.line, minLength=1, maxLength=200)]
Term = Annotated[str, Text(scalars.term, **_WORD)]
Sample = Annotated[str, Text(scalars.sample, minLength=1, maxLength=20_000)]
_LANG = {"type": "string", "pattern": f"^{scalars.LANG}$"}
Langs = Annotated[
    tuple[str, ...],
    PlainValidator(_langs),
    WithJsonSchema({"anyOf": [_LANG, {"type": "array", "items": _LANG, "minItems": 1}]}),
]
Host = Annotated[str, Text(scalars.host)]
FLAG = Text(choice(Flag), enum=[*get_args(Flag), True, False], type=["string", "boolean"])
EVERY = Text(scalars.every, pattern=f"^{scalars.DURATION}$")
POLITE_EVERY = Text(scalars.polite_every, pattern=f"^{scalars.DURATION}$")
FIRST_POLL = Text(scalars.first_poll, pattern=f"^(all|{scalars.DURATION})$")
QUIET = f"^{scalars.TIME} ?[-–] ?{scalars.TIME}$"
Rules = Annotated[
    tuple[str, ...],
    PlainValidator(_rules),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
