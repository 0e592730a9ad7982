"""Stories in words, each put in words once however many subscriptions are told it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from alerts import digests as digests_
from alerts import summaries as summaries_
from alerts.model import Digest, Story, Told
from alerts.ports import Rewrite


class Words:
    """Summarises stories; what a language model makes of them is used only if all of it stands in the sources.

    ``many`` is how many summaries are remembered.
    """

    def __init__(self, rewrite: Rewrite | None, count: Counter[str], many: int) -> None:
        self._rewrite = rewrite
        self._count = count
        self._many = many
        self._known: dict[object, Told] = {}
        self._said: dict[object, Told] = {}

    def of(self, told: Told, story: Story | None) -> Told:
        """Put one story in words.

        Whoever is told the same of it, by the same rules, is given the very same value: it need be written but once.
        """
        by = tuple((d.key, tuple(hit.rule for hit in d.match.hits)) for d in told.developments)
        key = (told.story, by, tuple(rule.id for rule in told.rules))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._many:
                self._known.clear()
            said = self._in_words(told, story)
            known = replace(told, headline=said.headline, figures=said.figures, summary=said.summary)
            self._known[key] = known
        return known

    def _in_words(self, told: Told, story: Story | None) -> Told:
        """Summarise a story; the words rest on what is new in it, and on the words by which it was met."""
        words = frozenset(e.words for d in told.developments for hit in d.match.hits for e in hit.evidence)
        key = (told.story, tuple(d.key for d in told.developments), words)
        if key not in self._said:
            if len(self._said) >= self._many:
                self._said.clear()
            self._said[key] = summaries_.summarise(told, story)
        return self._said[key]

    def of_digest(self, digest: Digest, stories: Mapping[str, Story | None]) -> Digest:
        """Put every story of a digest in words."""
        digest = digests_.each(digest, lambda told: self.of(told, stories.get(told.story)))
        asked = {told.story: summaries_.sources(told) for section in digest.sections for told in section.stories}
        if self._rewrite is None or not asked:
            return digest
        texts = self._rewrite(asked)
        self._count.update(asked=len(asked), answered=len(texts))  # a silent model must be seen by somebody
        return digests_.each(digest, lambda told: summaries_.rewritten(told, texts.get(told.story, "")))
