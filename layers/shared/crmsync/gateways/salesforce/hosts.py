"""Which hosts get Salesforce credentials and tokens.

Settings name where to sign in, and whoever may edit settings must not thereby be able to send a
credential anywhere: beyond Salesforce's own hosts only the secret itself (decision 11) or the owner
of the stack can name one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult

from crmsync.errors import Refused
from crmsync.gateways.hosts import is_safe, parts_of

SALESFORCE_HOSTS = (".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn")
"""Production, sandboxes and every My Domain, those of Government Cloud and of China included. A dot
at the beginning: all that end so.
"""

_HINT = "Correct login_url in the settings, or have the owner of the stack add the host to its parameter SalesforceLoginHosts."


@dataclass(frozen=True, slots=True)
class LoginUrl:
    """Where settings say to sign in, and which hosts they may name; None: any, as nobody but a test
    or the secret named it.
    """

    text: str
    hosts: Collection[str] | None = None

    def sign_in_at(self, of_secret: str) -> str:
        """Where to sign in: where the secret says, else where the settings do. Raises `Refused`."""
        if self.hosts is None:
            return (of_secret or self.text).rstrip("/")
        parts = parts_of(of_secret or self.text)
        if of_secret and not is_safe(parts):
            raise Refused(
                "The Salesforce secret's address is no https address.",
                code="SECRET",
                hint="Store it again.",
            )
        if not of_secret and not _is_one_of(parts, self.hosts):
            raise Refused(
                f"{parts.hostname or 'No host'} is no host of Salesforce's.",
                code="LOGIN_HOST",
                hint=_HINT,
            )
        return f"{parts.scheme}://{parts.netloc}"

    def instance_at(self, answered: str, of_secret: str) -> str:
        """Where the org is, as the answer to a sign-in says: at a host that settings may name, or
        where one signed in. Raises `Refused`.
        """
        if self.hosts is None:
            return answered
        parts, at = parts_of(answered), parts_of(self.sign_in_at(of_secret))
        if not _is_one_of(parts, self.hosts) and (parts.scheme, parts.netloc) != (
            at.scheme,
            at.netloc,
        ):
            text = f"The answer to the sign-in leads to {parts.hostname or 'no host'}, which is no host of Salesforce's."
            raise Refused(text, code="LOGIN_HOST", hint=_HINT)
        return f"{parts.scheme}://{parts.netloc}"


def _is_one_of(parts: SplitResult, hosts: Collection[str]) -> bool:
    name = parts.hostname or ""
    known = any(name.endswith(one) if one.startswith(".") else name == one for one in hosts)
    return (
        known and parts.scheme == "https" and "@" not in parts.netloc and parts.port in {None, 443}
    )
