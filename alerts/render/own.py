"""Mail and Slack by a user's own templates: they put a block in another way.  Pure, but for what they run.

What they run is bounded by whoever calls: Jinja2's sandbox keeps a template from everything that is not its page, but
bounds neither its time nor its memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jinja2 import (
    ChoiceLoader,
    DictLoader,
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    nodes,
    select_autoescape,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.model import Alert, Digest, Kind, Lang, Message
from alerts.render import lines as lines_
from alerts.render import mail, slack, views
from alerts.render.plates import Plates

KINDS: tuple[Kind, ...] = ("mail", "slack")
"""The kinds of channel that have templates."""

NAMES = ("alert.html", "alert.txt", "digest.html", "digest.txt")
"""The templates that may be written anew; ``{% extends "tocsin/alert.html" %}`` names ours.  Slack has no HTML."""

BLOCKS = ("head", "story", "foot")
"""What a template for Slack may write."""

HEAD_LIMIT = 1_500
"""The most characters of a head or a foot in Slack."""

SIZE_LIMIT = 64_000
"""The most bytes of one template."""

_RAW = ("safe", "urlize")
"""Filters that let feed text out of its escaping."""


class OwnTemplateError(ValueError):
    """A template that cannot be used, and why, in words for whoever wrote it."""


def written(told: Alert | Digest, message: Message, own: Mapping[str, str]) -> Message:
    """Write the message by these templates, where there is one; else it stays as it is.

    Raises:
        OwnTemplateError: What came out cannot be sent.
        jinja2.TemplateError: A template is wrong; and whatever else a template may raise while it runs.
    """
    name = "alert" if isinstance(told, Alert) else "digest"
    page = views.of_alert(told, Plates()) if isinstance(told, Alert) else views.of_digest(told, Plates())
    templates = _environment(own, page.lang)
    if message.kind == "slack":
        return _slack(templates, page, name) if f"{name}.txt" in own else message
    return _mail(templates, page, name, message, own)


def _mail(templates: Environment, page: views.Page, name: str, message: Message, own: Mapping[str, str]) -> Message:
    """Write the two parts of a mail."""
    plain, html = message.text, message.html
    if f"{name}.txt" in own:
        plain = mail.plain(templates, page, name)
    if f"{name}.html" in own:
        html = mail.html(templates, page, name)
    if len(html.encode()) > mail.HTML_LIMIT:
        raise OwnTemplateError(f"{name}.html: makes more than {mail.HTML_LIMIT} bytes, and mail programs cut that off")
    if not plain.strip():
        raise OwnTemplateError(f"{name}.txt: makes nothing")
    return replace(message, text=plain, html=html)


def _slack(templates: Environment, page: views.Page, name: str) -> Message:
    """Write a message for Slack: the blocks of the template that there are, and ours in the place of the others."""
    template = templates.get_template(f"{name}.txt")
    unknown = sorted(set(template.blocks) - set(BLOCKS))
    if unknown or not template.blocks:
        said = f"has a block {unknown[0]}" if unknown else "has no block"
        raise OwnTemplateError(f"{name}.txt: {said}; the blocks of a template for Slack are {', '.join(BLOCKS)}")

    def lines(block: str, limit: int, **shown: object) -> tuple[slack.Block, int] | None:
        context = template.new_context({"page": page, **shown})
        return lines_.block("".join(template.blocks[block](context)), limit)

    def story(section: views.SectionView, told: views.StoryView) -> tuple[slack.Block, int]:
        made = lines("story", slack.BLOCK_LIMIT, section=section, story=told)
        if made is None:
            raise OwnTemplateError(f"{name}.txt: the block story makes nothing")
        return made

    def around(block: str, which: str = "") -> list[slack.Block]:
        made = lines(block, HEAD_LIMIT)
        return ([made[0]] if made else []) + ([slack.rich(slack.plain(which.strip(" ·")))] if which else [])

    write, ours = (slack.alert_of, slack.OF_ALERTS) if name == "alert" else (slack.digest_of, slack.OF_DIGESTS)
    parts = slack.Parts(
        head=(lambda _, which: around("head", which)) if "head" in template.blocks else ours.head,
        story=story if "story" in template.blocks else ours.story,
        foot=(lambda _: around("foot")) if "foot" in template.blocks else ours.foot,
    )
    return write(page, parts)


def _environment(own: Mapping[str, str], lang: Lang) -> ImmutableSandboxedEnvironment:
    """Give what runs them: ours under ``tocsin/``, and nothing that lets feed text through as HTML."""
    ours = PackageLoader("alerts.render")
    templates = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([DictLoader(dict(own)), PrefixLoader({"tocsin": ours}), ours]),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in _RAW:
        del templates.filters[name]
    templates.globals = {
        **mail.words(templates, lang),
        "bold": lines_.bold,
        "italic": lines_.italic,
        "link": lines_.link,
        "range": templates.globals["range"],
        "namespace": templates.globals["namespace"],
    }
    for name, source in own.items():
        if templates.parse(source, name).find(nodes.ScopedEvalContextModifier):
            raise OwnTemplateError(f"{name}: turns escaping off, and then a feed could write into the page")
    return templates
