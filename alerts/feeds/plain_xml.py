"""XML of strangers, parsed so that nothing is opened and nothing grows.  Pure."""

from __future__ import annotations

from lxml import etree

DECLARED = b"<!DOCTYPE", b"<!ENTITY", b"<!doctype"
"""What no feed needs, and what could name a file, an address, or an entity that grows."""


def declares(body: bytes) -> bool:
    """Whether a body has a DTD or an entity of its own."""
    return any(mark in body for mark in DECLARED)


def parser(*, recover: bool = False, collect_ids: bool = True) -> etree.XMLParser:
    """Make a parser of UTF-8 that opens nothing; with ``recover`` it reads what is malformed as far as it can."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
        collect_ids=collect_ids,
    )
