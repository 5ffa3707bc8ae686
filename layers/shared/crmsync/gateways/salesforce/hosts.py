"""Which hosts Salesforce credentials and tokens are sent to.

The settings name the login URL, but the right to edit settings must not be enough to send a
credential to any host: hosts other than Salesforce's own can be named only by the secret itself
(decision 11) or by the owner of the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from urllib.parse import SplitResult

from crmsync.errors import Refused
from crmsync.gateways.hosts import is_safe, parts_of

SALESFORCE_HOSTS = (".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn")
"""Production, sandboxes and every My Domain, including Government Cloud and China. A leading dot
stands for all hosts that end so.
"""

_HINT = (
    "Correct login_url in the settings, or have the owner of the stack add the host to its "
    "parameter SalesforceLoginHosts."
)


@dataclass(frozen=True, slots=True)
class LoginUrl:
    """The login URL from the settings.

    Attributes:
        text: The URL.
        hosts: The hosts that it may name; None allows all, for URLs that do not come from settings.
        check_org: Called with the id of the org after each sign-in; raises `SyncError` for an org
            whose records must not be touched.
    """

    text: str
    hosts: Collection[str] | None = None
    check_org: Callable[[str], None] = field(default=lambda _org_id: None, compare=False)

    def sign_in_at(self, of_secret: str) -> str:
        """The URL to sign in at: the secret's if it has one, else the settings'. Raises
        `Refused`.
        """
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
        """The org's URL from the response to a login: its host must be one that settings may name,
        or the one of the login. Raises `Refused`.
        """
        if self.hosts is None:
            return answered
        parts, at = parts_of(answered), parts_of(self.sign_in_at(of_secret))
        if not _is_one_of(parts, self.hosts) and (parts.scheme, parts.netloc) != (
            at.scheme,
            at.netloc,
        ):
            host = parts.hostname or "no host"
            text = f"The answer to the sign-in leads to {host}, which is no host of Salesforce's."
            raise Refused(text, code="LOGIN_HOST", hint=_HINT)
        return f"{parts.scheme}://{parts.netloc}"


def _is_one_of(parts: SplitResult, hosts: Collection[str]) -> bool:
    name = parts.hostname or ""
    known = any(name.endswith(one) if one.startswith(".") else name == one for one in hosts)
    return (
        known and parts.scheme == "https" and "@" not in parts.netloc and parts.port in {None, 443}
    )
