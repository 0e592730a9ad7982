"""The bytes of a feed before anybody reads them: what makes XML unreadable, and which charset they are of.  Pure."""

from __future__ import annotations

import codecs
import re

from alerts.model import Fetched

HEAD = 4_096
"""How many bytes are looked at to tell what a body is."""

_BLANK = b" \t\r\n"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32le"),
    (codecs.BOM_UTF32_BE, "utf-32be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
# No XML document may hold these, and ISO-2022-JP needs ESC (0x1b).
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 27), *range(28, 32)])
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
_STATED = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_TAG = re.compile(r"<[?!A-Za-z]")
# Charsets in which every ASCII letter is itself, and which Python reads as browsers do or refuses.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030"}
_SOUND = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb18030|big5|euc_kr|euc_jp|shift_jis|cp949|cp932")


def clean(body: bytes) -> bytes:
    """Take out what makes XML unreadable and never means anything: control characters, and references to none.

    A body in which a character has two or four bytes is left alone.
    """
    if b"\0" in body[:4]:
        return body
    cleaned = body.lstrip(_BLANK).translate(None, _CONTROLS)
    return _REFERENCE.sub(_reference, cleaned) if b"&#" in cleaned else cleaned


def _reference(match: re.Match[bytes]) -> bytes:
    """Keep a reference to a character that XML allows."""
    digits = match[1] or match[2]
    code = int(digits[:16], 16 if match[1] else 10)
    allowed = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return match[0] if allowed else b"\xef\xbf\xbd"


def stated(got: Fetched) -> str:
    """Give the charset that is said beside the document, by the order of RFC 7303: byte order mark, then HTTP.

    Empty if nothing is said, or what is said cannot be, or is ASCII: ``text/xml`` was ASCII once, whatever it held.
    """
    said = _STATED.search(got.content_type)
    charset = _bom(got.body) or (said.group(1).lower() if said else "")
    return charset if charset not in ("", "us-ascii", "ascii") and _decodes(got.body, charset) else ""


def to_utf8(body: bytes, charset: str) -> bytes | None:
    """Give a cleaned body in UTF-8, by the charset stated beside it or else declared in it; ``None`` on any doubt."""
    if b"\0" in body[:4]:
        return None
    plain = body.removeprefix(codecs.BOM_UTF8)
    declared = _DECLARED.match(plain)
    name = charset or (declared[1].decode("ascii") if declared else "utf-8")
    try:
        codec = codecs.lookup(_WIDER.get(name.lower(), name)).name
        if codec == "utf-8":
            return plain
        return plain.decode(codec).encode() if _SOUND.fullmatch(codec) else None
    except (LookupError, ValueError):
        return None


def _bom(body: bytes) -> str:
    """Give the encoding that the first bytes declare, or nothing."""
    return next((encoding for bom, encoding in _BOMS if body.startswith(bom)), "")


def _decodes(body: bytes, charset: str) -> bool:
    """Whether a body can be of this charset, and whether there is such a charset.

    Any even number of bytes is UTF-16 to a decoder; so what comes out must look like XML as well.
    """
    try:
        return _TAG.search(body.decode(charset)[:HEAD]) is not None
    except (LookupError, ValueError):
        return False
