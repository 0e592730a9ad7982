"""Why an article was, or was not, told to whom: the same ids, walked back from the article to the receipts.

A text that nobody has seen yet is held against the rules alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from alerts import routes, text, urls
from alerts import rules as rules_
from alerts.adapters.sql import queries
from alerts.app import App
from alerts.errors import StoreError
from alerts.model import Article, Development, Evidence, Hit, Match, Member, Story
from alerts.stories import bridges

CONTEXT = 60
"""How many characters of the text are shown on either side of the words that met a term."""


def article(named: str, app: App) -> list[str]:
    """Give the way of every version of an article through the line, in lines; none if it was never seen.

    ``named`` is a URL in any spelling, an id, or the key of one version.
    """
    if app.engine is None:
        raise StoreError("nothing is kept in memory to explain; use a SQL store")
    canonical = urls.canonical(named) if urls.is_web(named) else named
    versions = queries.find_articles(app.engine, canonical)
    before: dict[str, Article] = {}
    lines: list[str] = []
    for version in versions:
        lines += _version(version, app, app.engine, before.get(version.id))
        before[version.id] = version
    return lines


def unseen(read: Article, rules: rules_.Rules) -> Iterator[str]:
    """Say of every rule by which words a text meets it, or which clause it fails; those that it meets come first."""
    yield _line(read.title) or "(no title)"
    match = rules_.match(read, rules)
    hits = match.hits if match else ()
    for hit in hits:
        yield f"  rule {hit.rule} met: {hit.strength}"
        yield from _evidence(hit, read)
    met = {hit.rule for hit in hits}
    for rule in rules.rules:
        if rule.id not in met:
            yield f"  rule {rule.id} not met: {rules_.why_not(read, rule.id, rules)}"


# ── the words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _evidence(hit: Hit, read: Article) -> Iterator[str]:
    """Show each place of a hit."""
    for e in hit.evidence:
        yield f"    {_line(e.term)} in the {e.field}: {_in_context(e, read)}"


def _in_context(e: Evidence, read: Article) -> str:
    """Show the words between asterisks, with what stands around them.

    >>> from alerts import lines
    >>> _in_context(Evidence("iran", "title", 11, 15, "Iran"), lines.plain("Talks with Iran go on"))
    'Talks with **Iran** go on'
    """
    value = {"title": read.title, "text": read.text}.get(e.field, "")
    if value[e.start : e.end] != e.words:
        return f"**{_line(e.words)}**"
    before, after = _before(value[: e.start]), _after(value[e.end :])
    return f"{before}**{_line(e.words)}**{after}".strip()


def _before(value: str) -> str:
    """Give the last words before a place."""
    if len(value) <= CONTEXT:
        return _kept(value)
    tail = value[-CONTEXT:]
    _, _, whole = tail.partition(" ")
    return f"…{_kept(whole or tail)}"


def _after(value: str) -> str:
    """Give the first words after a place."""
    return _kept(text.cut(value, CONTEXT))


def _line(value: str) -> str:
    """Make it one line that any terminal can show: a line of JSON may hold half of a surrogate pair."""
    return text.one_line(value.encode("utf-8", "replace").decode())


def _kept(value: str) -> str:
    """Make it one line, but for the blank that parts it from the words."""
    line = _line(value)
    head = " " if value[:1].isspace() else ""
    tail = " " if line and value[-1:].isspace() else ""
    return f"{head}{line}{tail}"


# ── the way of an article ────────────────────────────────────────────────────────────────────────────────────────────


def _version(seen: Article, app: App, engine: Engine, before: Article | None) -> Iterator[str]:
    """Tell the way of one version, and what was edited since the one ``before``."""
    yield f"{seen.key}  {seen.title}"
    yield from (f"  {line}" for line in _edits(before, seen))
    yield f"  {seen.outlet}, feed {seen.feed}: {seen.url or 'no link'}"
    published = f"{seen.published:%Y-%m-%d %H:%M} UTC" if seen.published else "no date"
    published += f", changed {seen.updated:%Y-%m-%d %H:%M} UTC" if seen.updated else ""
    yield f"  seen {seen.seen:%Y-%m-%d %H:%M} UTC, published {published}"
    yield from (f"  note: {note}" for note in seen.notes)
    if seen.quiet:
        yield f"  not matched: {seen.quiet}"
        return
    found = queries.find_match(engine, seen.key)
    if found is None:
        yield from _no_match(seen, app)
        return
    yield from _hits(found)
    for story in queries.find_stories_of(engine, seen.id):
        yield from _placed(seen, story)
    yield from _deliveries(seen, app, engine)


def _edits(before: Article | None, seen: Article) -> Iterator[str]:
    """Say what is different from the version before: a text by the place from which on it is another."""
    if before is None:
        return
    yield f"a new version of {before.key}, seen {before.seen:%Y-%m-%d %H:%M} UTC"
    if seen.title != before.title:
        yield f'the title was: "{_line(before.title)}"'
    if seen.text != before.text:
        pairs = enumerate(zip(before.text, seen.text, strict=False))
        at = next((n for n, (one, other) in pairs if one != other), min(len(before.text), len(seen.text)))
        old, new = (
            text.cut(_line(words[max(0, at - 20) : at + CONTEXT]), CONTEXT) for words in (before.text, seen.text)
        )
        yield f'the text was: "…{old}"; it is: "…{new}"' if old and new else "the text was written, or taken away"


def _no_match(seen: Article, app: App) -> Iterator[str]:
    """Say of each rule why it was not met."""
    yield "  no rule was met"
    for rule in app.rules.rules:
        reason = rules_.why_not(seen, rule.id, app.rules)
        yield f"    rule {rule.id}: {reason or 'is met now; it was not when the article came'}"


def _hits(found: Match) -> Iterator[str]:
    """Say which rules were met, how strongly, and by which words."""
    for hit in found.hits:
        yield f"  rule {hit.rule} met (rules {found.rules}): {hit.strength}"
        yield from (f"  {line}" for line in _evidence(hit, found.article))


def _placed(seen: Article, story: Story) -> Iterator[str]:
    """Say where it was placed, and why it was news there or not."""
    for member in story.members:
        if (member.article, member.version) == (seen.id, seen.version):
            others = len({m.article for m in story.members}) - 1
            yield f"  story {story.id} ({story.members[0].title}; {others} other articles): {member.reason}"
            yield from _rests(member, story)


def _rests(member: Member, story: Story) -> Iterator[str]:
    """Say what the placement rests on: the original, the words in common, whose voice it is."""
    original = next((m for m in story.members if m.article == member.copy_of), None)
    if original:
        where = f"{original.outlet}, {original.url or 'no link'}"
        yield f"    copy of {original.article}: {_line(original.title)} ({where})"
    shared = ", ".join(map(_line, member.shared))
    if other := bridges.other_end(member, story):
        yield f"    joined an article in another language: {_line(other.title)} ({other.outlet}); both have {shared}"
    elif shared:
        yield f"    placed there by: {shared}"
    if member.voice and member.voice != member.outlet:
        yield f"    counts as the voice of {member.voice}"
    yield from (f"    {note}" for note in member.notes)


def _deliveries(seen: Article, app: App, engine: Engine) -> Iterator[str]:
    """Say to whom it went, to whom it will go and to whom not; nobody is told of what is no development."""
    news = next((d for d in queries.find_developments(engine, seen.id) if d.key == seen.key), None)
    if news is None:
        yield "  told to nobody: it is no development"
        return
    known = {story.id: story for story in queries.find_stories_of(engine, seen.id)}
    records = queries.deliveries_of(engine, seen.key)
    for route in routes.routes(news, known.get(news.story), app):
        of = [r for r in records if r.delivery.subscription == route.subscription and _had_begun(route, news, app)]
        sent = [r for r in of if seen.key in r.delivery.tells or (route.told and not r.delivery.tells)]
        yield from (line for record in sent for line in _sent(record))
        counted = [r.delivery.id for r in of if route.told and r not in sent]
        if counted:
            yield f"  counted for {route.subscription}, and not told: {counted[0]} holds no more (max_items)"
        elif not sent and not _had_begun(route, news, app):
            yield f"  not told to {route.subscription}: it began later"
        elif not sent:
            yield f"  {'will be ' if route.told else ''}{route}"


def _had_begun(route: routes.Route, news: Development, app: App) -> bool:
    """Whether the subscription was there when it developed, or looks back so far."""
    s = next(s for s in app.config.subscriptions if s.id == route.subscription)
    began = app.stores.developments.subscribed(s.id)
    return began is not None and began - s.backfill <= news.made


def _sent(record: queries.DeliveryRecord) -> Iterator[str]:
    """Say what became of a delivery."""
    yield f"  delivery {record.delivery.id}: {record.state}"
    for receipt in record.receipts:
        yield f"    attempt {receipt.attempt} at {receipt.at:%Y-%m-%d %H:%M:%S} UTC: {receipt.outcome}"
        yield f"      {receipt.reason}"
