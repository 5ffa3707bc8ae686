"""The example in simulators/README.md runs as it stands."""

import threading
from pathlib import Path
from typing import Any

import requests

README = Path(__file__).resolve().parents[2] / "simulators/README.md"
SERVES = "server.serve_forever()\n"


def test_the_readmes_simulator_works_for_a_person() -> None:
    """A portal that runs alone creates a contact; only the port differs from the page."""
    _, _, after = README.read_text().partition("```python\n")
    code = after.partition("```")[0]
    assert code.endswith(SERVES)
    names: dict[str, Any] = {}
    exec(code.removesuffix(SERVES).replace("9004", "0"), names)  # noqa: S102 - the example is what is tested
    server, portal = names["server"], names["simulator"].portals[0]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        answer = requests.post(
            f"http://127.0.0.1:{server.port}/crm/v3/objects/contacts",
            json={"properties": {"email": "ada@example.com"}},
            headers={"Authorization": f"Bearer {portal.user_token}"},
            timeout=10,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (answer.status_code, answer.json()["properties"]["email"]) == (201, "ada@example.com")
