"""Tocsin: a self-hosted news watch.  The line in one picture.

::

    Feed ──poll──▶ Article ──match──▶ Match ──group──▶ Development ──compose──▶ Delivery ──deliver──▶ Receipt
                                                (of a Story)            (an Alert or a Digest)

Every arrow is one function in :mod:`alerts.stages`.  Every noun is one frozen dataclass in :mod:`alerts.model` and one
module of pure rules: :mod:`alerts.feeds`, :mod:`alerts.articles`, :mod:`alerts.rules`, :mod:`alerts.stories`,
:mod:`alerts.digests`, :mod:`alerts.deliveries`.  The world begins at :mod:`alerts.ports`.
"""

__version__ = "0.1.0"
