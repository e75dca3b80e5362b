"""Lists of the Kubeflow Pipelines API: all pages, and filters."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

PAGE_SIZE: Final = 50


def pages(call: Callable[..., Any], field: str, **arguments: object) -> Iterator[Any]:
    """Yields the entries of a list, page after page.

    Args:
      call: A list method of the generated API.
      field: Of its answer, that holds the entries.
      **arguments: Of the call.
    """
    token = ""
    while True:
        page = call(page_token=token, page_size=PAGE_SIZE, **arguments)
        yield from getattr(page, field) or ()
        token = page.next_page_token
        if not token:
            return


def equals(key: str, value: str) -> str:
    """The filter «`key` is `value`»."""
    predicate = {"operation": "EQUALS", "key": key, "string_value": value}
    text = json.dumps({"predicates": [predicate]})
    # The server unquotes a filter once more than HTTP does.
    return text.replace("%", "\\u0025").replace("+", "\\u002b")
