"""Notices to the operator: a title and a few lines, in the form of each kind of channel.  Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from alerts.model import Kind, Message, Notice
from alerts.text import one_line


def notice(kind: Kind, notice: Notice) -> Message:
    """Write the notice in the form that a channel of this kind takes.

    What another server said is in it, and is shown as letters: in Slack by an element that takes text literally.
    """
    subject = one_line(f"[Tocsin] {notice.title}")
    text = f"{notice.text}\n"
    return Message(kind, subject, text, body=_BODIES[kind](subject, notice))


def _slack(subject: str, notice: Notice) -> str:
    shown = {"type": "rich_text_section", "elements": [{"type": "text", "text": notice.text[:2_900]}]}
    plain = subject.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quiet = {"parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
    blocks = [{"type": "rich_text", "elements": [shown]}]
    return json.dumps({"text": plain, "blocks": blocks, **quiet})


def _webhook(_subject: str, notice: Notice) -> str:
    body = {"type": "notice", "title": notice.title, "text": notice.text}
    return json.dumps(body)


def _no_body(_subject: str, _notice: Notice) -> str:
    return ""


_BODIES: Mapping[Kind, Callable[[str, Notice], str]] = {
    "mail": _no_body,
    "slack": _slack,
    "webhook": _webhook,
    "apprise": _no_body,
}
