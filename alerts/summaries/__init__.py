"""A story in the words of its sources: headline, sentences, key figures, quotations, timeline.  Pure.

::

    Told (what is new) + Story (what was told) ──summarise──▶ Told with a headline and a Summary

Nothing is written here: every sentence, figure and quotation stands in an article, and says in which.  What a language
model makes of them is taken only if every number, name and date of it stands there too (``is_grounded``).
"""

from alerts.summaries.grounding import is_grounded
from alerts.summaries.summary import rewritten, sources, summarise

__all__ = ["is_grounded", "rewritten", "sources", "summarise"]
