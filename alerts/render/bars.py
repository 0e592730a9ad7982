"""How much met a rule in a day, drawn in one line, and the same in words for who hears it read.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from alerts.render.frames import Frame

BARS = "▁▂▃▄▅▆▇█"
"""From nothing to the most of the line."""

STEP = timedelta(hours=2)


def drawn(volume: Sequence[int], slot: datetime, w: Frame) -> tuple[str, str]:
    """Draw the pairs of hours before the slot, and name the fullest on the clock of the slot; nothing of nothing."""
    most = max(volume, default=0)
    if not most:
        return "", ""
    bars = "".join(BARS[-(-n * (len(BARS) - 1) // most)] for n in volume)
    end = slot.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    begin = end - (len(volume) - volume.index(most)) * STEP
    hours = "–".join(f"{at.astimezone(slot.tzinfo):%H:%M}" for at in (begin, begin + STEP))
    articles = w.count(sum(volume), "article")
    return bars, w.say("%(articles)s in 24 hours, most at %(hours)s (%(n)s)", articles=articles, hours=hours, n=most)
