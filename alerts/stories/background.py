"""What is no news by itself: opinion, explainers, live pages, pictures and videos, round-ups.  Pure.

Three signs are looked at: what a newsroom writes into the headline, the section in the address, and how the text
begins.  A page of video retells in pictures what is told in words elsewhere, and a question announces an explainer.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

START = 100
"""How many characters of a text are looked at."""

_MARK = (
    r"opinion|analysis|comment|commentary|editorial|column|explainer|explained|factbox|fact check|live|"
    r"live updates|live blog|(?:the )?long read|in pictures|photos|gallery|podcast|watch|video|timeline|profile|"
    r"interview|q&a|review|opinia|komentarz|felieton|analiza|wywiad|wideo|zdjęcia|relacja|kommentar|analyse|leitartikel|newsletter"
)
_HEADLINE = re.compile(
    # how a newsroom marks it: at the front, behind a bar, in brackets, or at the end
    rf"^\W*(?:{_MARK}|[\w ]*comment)\b\s*[:|–—-]|"
    r"[|–—-]\s*(?:opinion|analysis|comment|editorial|live updates?|watch|experts|analysts)\W*$|"
    rf":\s*(?:live(?: updates?| blog)?|analysts)\W*$|[\[(](?:{_MARK}|\w* ?aktualizowany|na żywo)\b[^\])]{{0,20}}[\])]|"
    r"\breview [–—-] |\btimeline:|\b(?:what we know(?: so far)?|explained|live updates)\W*$|"
    # what an explainer is called
    r"\b(?:(?:need|things|facts|what) to know|storylines to watch|at a glance|what we know|more top headlines)\b|"
    r"^\W*(?:why|how|what|(?-i:Who|Where|When))\b(?!.*\b(?:said|says)\b)|:\s*(?:why|how|what)\b|"
    r"^\W*(?:the papers|timeline of)\b|\?[\"'”’]?$|"
    r"\b(?:\d+|three|four|five|six|seven|ten)(?: [\w-]+){0,3} (?:reads|highlights|takeaways|reasons)\b|"
    # round-ups of a day, and the programmes of one
    r"^(?:[^,]{2,25}, ){6}|"
    r"\b(?:morning|daily|evening) (?:brief|briefing|update)\b|\bnews des tages\b|^\d{1,2}/\d{1,2}: |"
    r"^(?:사설|칼럼|یادداشت|تحلیل)\b",
    re.IGNORECASE,
)
# A column has its writer's name in capitals in front.
_COLUMN = re.compile(r"^(?:[A-Z][A-Z'’-]+\s+){1,3}[A-Z][A-Z'’-]+:")
_SECTION = re.compile(
    r"/(?:opinions?|comment|commentary|commentisfree|debate|editorials?|columns?|columnists|op-?eds?|letters|blogs?|"
    r"analysis|explainers?|live|live-?news|live-?blogs?|live-?updates|podcasts?|audio|videos?|gallery|galleries|"
    r"in-?pictures|photos|slideshows?|newsletters?|quiz|opinie|komentarze|felietony|wideo|meinung|kolumnen)/",
    re.IGNORECASE,
)
_NEWSLETTER = re.compile(r"\b(?:today|this morning|tonight)['’]s newsletter\b|^(?:opinion|commentary)\b", re.IGNORECASE)


def is_background(title: str, url: str = "", text: str = "") -> bool:
    """Tell whether an article is opinion, an explainer, a live page, a round-up, a gallery or a video.

    >>> is_background("Opinion | Tariffs hurt everyone"), is_background("Five things to know about the protests")
    (True, True)
    >>> is_background("Live fire kills three in Isfahan"), is_background("What to do, asks minister who said no")
    (False, False)
    >>> is_background("Canada must decide", "https://example.org/opinion/canada-must-decide")
    True
    """
    if _HEADLINE.search(title) or _COLUMN.search(title):
        return True
    return _SECTION.search(_path(url)) is not None or _NEWSLETTER.search(text[:START]) is not None


def _path(url: str) -> str:
    """Give the path of an address; of one that is none, nothing."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
