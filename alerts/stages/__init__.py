"""The verbs: poll, match, group, compose, deliver.  Each gathers, decides by pure functions, applies, and commits last.

A stage may die anywhere.  What it had applied has ids made of content, so that the next run applies the same again and
nothing happens; what it had not applied is still ahead of the reader it had not committed.  The keyword-only arguments
are all that a stage can touch.
"""

from alerts.stages.composing import DIGEST_LIMIT, compose
from alerts.stages.delivering import LEASE, TURN, deliver
from alerts.stages.grouping import Opened, group
from alerts.stages.matching import VOLUME, match
from alerts.stages.polling import KEPT_TOGETHER, poll

__all__ = [
    "DIGEST_LIMIT",
    "KEPT_TOGETHER",
    "LEASE",
    "TURN",
    "VOLUME",
    "Opened",
    "compose",
    "deliver",
    "group",
    "match",
    "poll",
]
