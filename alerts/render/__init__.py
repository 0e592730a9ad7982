"""From an alert or a digest to a message, a module a kind of channel.  Pure.

::

    Alert, Digest ─▶ views (what is shown, cleaned and cut) ─▶ mail | slack | apprise ─▶ Message
                  └────────── (everything, as it is) ───────▶ webhook ────────────────▶

Feed text is hostile.  ``views`` makes every piece of it one line without control characters and of bounded length, and
drops links that are not http(s); each module then escapes for its own sink.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alerts.model import Alert, Digest, Kind, Message
from alerts.render import apprise, mail, slack, webhook
from alerts.render.notices import notice
from alerts.render.plates import Plates
from alerts.render.reader import entry

__all__ = ["Plates", "alert", "digest", "entry", "notice"]

_ALERTS: Mapping[Kind, Callable[[Alert, Plates], Message]] = {
    "mail": mail.alert,
    "slack": slack.alert,
    "webhook": webhook.alert,
    "apprise": apprise.alert,
}
_DIGESTS: Mapping[Kind, Callable[[Digest, Plates], Message]] = {
    "mail": mail.digest,
    "slack": slack.digest,
    "webhook": webhook.digest,
    "apprise": apprise.digest,
}


def alert(alert: Alert, plates: Plates | None = None) -> Message:
    """Write the alert in the form that its subscription's channel takes; ``plates`` hold what others are told of it."""
    return _ALERTS[alert.subscription.kind](alert, plates or Plates())


def digest(digest: Digest, plates: Plates | None = None) -> Message:
    """Write the digest in the form that its subscription's channel takes; ``plates`` hold what others are told."""
    return _DIGESTS[digest.subscription.kind](digest, plates or Plates())
