"""The pages: templates, the one style sheet, and the policy that a browser is given with them.

No page has a script.  The style sheet stands in each page and is allowed by its hash, so that nothing else is, and no
address has to be open for it.
"""

from __future__ import annotations

import base64
from datetime import datetime
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from alerts.render import views

_loader = PackageLoader("alerts.desk")
_templates = Environment(
    loader=_loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

STYLE = _loader.get_source(_templates, "desk.css")[0]
STYLE_HASH = "sha256-" + base64.b64encode(sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src '{STYLE_HASH}'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""What a page may do: show itself, frame a stored message, and send its own forms."""

SNAPSHOT_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""What a stored message may do: show itself, in the styles that it was sent with, and open its links elsewhere."""


def page(request: Request, name: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """Fill in a template; ``up`` leads from the page to the desk's first one, wherever the desk is mounted."""
    depth = request.scope["path"].removeprefix(request.scope.get("root_path", "")).count("/") - 1
    up = "../" * max(depth, 0) or "./"
    return HTMLResponse(_templates.get_template(name).render(up=up, **shown), status_code=status)


def _time(at: datetime | None) -> Markup | str:
    """Show a time in UTC, with the whole of it for programs."""
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), f"{at:%d %b %H:%M}") if at else ""


def _ago(at: datetime | None, now: datetime) -> str:
    """Say how long ago something was.

    >>> from datetime import UTC
    >>> _ago(datetime(2026, 7, 1, 7, tzinfo=UTC), datetime(2026, 7, 1, 8, 30, tzinfo=UTC))
    '1 h ago'
    """
    if at is None:
        return ""
    minutes = int((now - at).total_seconds()) // 60
    for unit, size in (("days", 2880), ("h", 60)):
        if minutes >= size:
            return f"{minutes // min(size, 1440)} {unit} ago"
    return f"{max(minutes, 0)} min ago"


_templates.globals.update(
    style=Markup(STYLE),  # noqa: S704 - our own file, and no page could be styled otherwise
    count=views.count,
    time=_time,
    ago=_ago,
)
