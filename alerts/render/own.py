"""Mail by a user's own templates: they extend ours and put a block in another way.  Pure, but for what they run.

What they run is bounded by whoever calls: Jinja2's sandbox keeps a template from everything that is not its page, but
bounds neither its time nor its memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jinja2 import ChoiceLoader, DictLoader, PackageLoader, PrefixLoader, StrictUndefined, nodes, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.model import Alert, Digest, Lang, Message
from alerts.render import mail, views
from alerts.render.plates import Plates

NAMES = ("alert.html", "alert.txt", "digest.html", "digest.txt")
"""The templates that may be written anew; ``{% extends "tocsin/alert.html" %}`` names ours."""

SIZE_LIMIT = 64_000
"""The most bytes of one template."""

_RAW = ("safe", "urlize")
"""Filters that let feed text out of its escaping."""


class OwnTemplateError(ValueError):
    """A template that cannot be used, and why, in words for whoever wrote it."""


def written(told: Alert | Digest, message: Message, own: Mapping[str, str]) -> Message:
    """Write the mail by these templates, where there is one; else it stays as it is.

    Raises:
        OwnTemplateError: What came out cannot be sent.
        jinja2.TemplateError: A template is wrong; and whatever else a template may raise while it runs.
    """
    name = "alert" if isinstance(told, Alert) else "digest"
    page = views.of_alert(told, Plates()) if isinstance(told, Alert) else views.of_digest(told, Plates())
    templates = _environment(own, page.lang)
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
        "range": templates.globals["range"],
        "namespace": templates.globals["namespace"],
    }
    for name, source in own.items():
        if templates.parse(source, name).find(nodes.ScopedEvalContextModifier):
            raise OwnTemplateError(f"{name}: turns escaping off, and then a feed could write into the page")
    return templates
