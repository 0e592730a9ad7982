"""Values to JSON text and back: what SQL keeps is readable in any database shell, and one value is one text."""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from alerts.errors import StoreError

T = TypeVar("T")


class Codec(Generic[T]):
    """Writes and reads the values of one type: our dataclasses, ``str``, ``datetime``.

    Aware datetimes come back as the same instant, in UTC or at the offset that they had.
    """

    def __init__(self, of: type[T]) -> None:
        self._of = of
        self._adapter: TypeAdapter[T] = TypeAdapter(of)

    def encode(self, value: T) -> str:
        """Give the JSON text of a value.

        A feed may carry half of a surrogate pair (``&#xD800;``), which is no text in any encoding.  It is written as
        U+FFFD: one such entry must not stop its feed for ever.  A value of another type is refused here, by
        ``PydanticSerializationError``, and not when it is read.
        """
        try:
            return self._adapter.dump_json(value, warnings="error").decode()
        except PydanticSerializationError:
            plain = self._adapter.dump_python(value, mode="json", warnings="error")
            text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def decode(self, text: str) -> T:
        """Read a value.

        Raises ``StoreError`` if the text is no value of the type: it was written by another version, or by hand.  The
        message names the fields, never what stands in them: that may be an address.
        """
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            wrong = "; ".join(_place(line) for line in error.errors(include_url=False, include_input=False))
            raise StoreError(
                f"a stored {self._of.__name__} cannot be read by this version ({wrong}); "
                "run the version that wrote it, or restore the backup"
            ) from None


def _place(line: Any) -> str:
    return f"{'.'.join(str(part) for part in line['loc']) or 'whole'}: {line['msg']}"
