"""Sends prepared requests to one address over several connections, as HubSpot does, and measures
how long each answer takes.

Law: the standard library only, in a process of its own, so that the measured code does not share
its interpreter. Reads one JSON object ``{"host", "port", "connections", "requests": [{"headers",
"body"}]}`` from stdin and prints ``[[status, milliseconds], ...]``.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any


def send(given: Mapping[str, Any]) -> list[tuple[int, float]]:
    """Send all requests; each connection sends its share one after the other."""
    count = int(given["connections"])
    shares: list[Sequence[Mapping[str, Any]]] = [
        given["requests"][at::count] for at in range(count)
    ]
    answers: list[list[tuple[int, float]]] = [[] for _ in shares]
    start = threading.Barrier(count)

    def run(share: Sequence[Mapping[str, Any]], into: list[tuple[int, float]]) -> None:
        connection = http.client.HTTPConnection(given["host"], given["port"], timeout=60)
        connection.connect()
        start.wait()
        for request in share:
            began = time.perf_counter()
            connection.request("POST", "/", request["body"].encode(), request["headers"])
            answer = connection.getresponse()
            answer.read()
            into.append((answer.status, (time.perf_counter() - began) * 1000))
        connection.close()

    threads = [
        threading.Thread(target=run, args=pair) for pair in zip(shares, answers, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for some in answers for answer in some]


if __name__ == "__main__":
    json.dump(send(json.load(sys.stdin)), sys.stdout)
