"""Stories: which articles are about one event, which of them are copies, and what is new.  Pure.

An article is placed in one story, once.  Each placement has a reason, and only some reasons are a development:

========================  ===========  ==================================================================
reason                    told         meaning
========================  ===========  ==================================================================
``new story``             yes          no open story is like it
``new facts: …``          yes          a figure, a quote, or words of its headline, that the story has not told
``correction: …``         yes          it says that it corrects, or an edit changed a figure
``confirmed: … outlets``  no           nothing new, from a further independent outlet; a rule may ask for it
``copy of …``             no           the same text as an article of the story
``repeat``                no           nothing in it that the story has not told
``repeat: edited``        no           a new version of an article of the story, with nothing new in it
``background``            no           opinion, explainer, live page, gallery, video, round-up
========================  ===========  ==================================================================
"""

from alerts.stories.place import OPEN, Desk, Placed, place_all
from alerts.stories.voices import Family

__all__ = ["OPEN", "Desk", "Family", "Placed", "place_all"]
