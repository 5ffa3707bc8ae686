"""A browser for the console's pages: it keeps cookies, follows redirects and sends the headers that
browsers send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import requests
from lxml import html

TIME_LIMIT = 30


class Browser:
    """A browser at the console's address.

    Attributes:
        url: The console's origin.
        session: The HTTP session, with its cookies.
    """

    def __init__(self, url: str) -> None:
        """Nobody is signed in."""
        self.url = url
        self.session = requests.Session()

    def get(self, path: str) -> requests.Response:
        """Open a page, from its path or a whole address."""
        return self.session.get(path if "://" in path else self.url + path, timeout=TIME_LIMIT)

    def post(
        self,
        path: str,
        fields: Iterable[tuple[str, str]] | Mapping[str, str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a form as a page of the console does; `headers` says otherwise."""
        ours = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
        given: Any = list(fields.items() if isinstance(fields, Mapping) else fields)
        return self.session.post(
            self.url + path,
            data=given or {"nothing": ""},
            headers=ours if headers is None else headers,
            timeout=TIME_LIMIT,
        )

    def proof(self) -> str:
        """What the forms of the first page carry."""
        return str(tree(self.get("/")).xpath("//input[@name='proof']/@value")[0])


def tree(response: requests.Response) -> Any:
    """The elements of a page."""
    return html.document_fromstring(response.text)


def texts(response: requests.Response, path: str) -> list[str]:
    """The texts of the elements at an XPath, with single spaces."""
    return [" ".join(one.text_content().split()) for one in tree(response).xpath(path)]
