"""Which requests the playground answers: those of its own pages in a browser on this machine.

Law: pure. Another web site can send requests here too, and can have its own name resolved to
loopback; the headers that a browser sets itself tell both apart.
"""

from __future__ import annotations

from werkzeug.wrappers import Request

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not "no-referrer": a browser then calls the origin of a form "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What every answer carries."""
_NAMES = ("127.0.0.1", "localhost")


def refusal(request: Request, port: int) -> str:
    """Return why a request is refused, "" if it is not.

    The host must be this server's. What changes something must come from one of its own pages.
    """
    hosts = {f"{name}:{port}" for name in _NAMES}
    if request.headers.get("Host", "") not in hosts:
        return "This host is not served here."
    if request.method in {"GET", "HEAD"}:
        return ""
    if request.headers.get("Origin", "") != f"http://{request.headers['Host']}":
        return "A form is accepted from the playground's own pages only."
    return ""
