"""MiniStack: a development server for AWS, started for one rehearsal and removed after it.

Law: processes, ports and folders only; it does not know what is deployed. MiniStack enforces IAM
policies (``AUTH=true``), listens on loopback only, and keeps everything it writes in one folder
that is removed with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import boto3

REGION = "us-east-1"
KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}
START_SECONDS = 60
STOP_SECONDS = 3


class NotStartedError(Exception):
    """MiniStack did not start; the text is the end of its log."""


class MiniStack:
    """One server with a folder of its own; a context manager.

    Attributes:
        folder: Where it keeps everything.
        port: Its port on loopback.
        url: Its endpoint.
        certificate: Its TLS certificate, a file.
    """

    def __init__(self, command: Path) -> None:
        """Start `command` and wait until it answers. Raises `NotStartedError`."""
        self.folder = Path(tempfile.mkdtemp(prefix="crmsync-rehearsal-"))
        self.port = _free_port()
        self.url = f"https://localhost:{self.port}"
        self.certificate = self.folder / "ministack-tls" / "server.crt"
        self._clients: dict[str, Any] = {}
        self._log = self.folder / "ministack.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [command],
                env=self._environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and the function processes that it started, and remove its folder."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(STOP_SECONDS)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        shutil.rmtree(self.folder, ignore_errors=True)

    def account(self) -> dict[str, str]:
        """Return the environment variables that lead AWS tools to this server and to no real
        account.
        """
        nowhere = str(self.folder / "none")
        files = {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}
        place = {"AWS_ENDPOINT_URL": self.url, "AWS_CA_BUNDLE": str(self.certificate)}
        return {**KEYS, **files, **place, "AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, service: str) -> Any:
        """Return a boto3 client with an administrator's rights; each is kept, as making one takes
        long.
        """
        if service not in self._clients:
            self._clients[service] = self._client(service)
        return self._clients[service]

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            verify=str(self.certificate),
            region_name=REGION,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def _environment(self) -> dict[str, str]:
        # As few as possible, because the functions' processes inherit them.
        ours = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        place = {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        server = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AUTH": "true",
            # The queues refuse requests without TLS. The certificate is made in the folder, and
            # the functions' processes trust it.
            "USE_SSL": "1",
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "STATE_DIR": str(self.folder / "state"),
        }
        return {**ours, **place, **server, **KEYS}

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise NotStartedError(self._log.read_text(errors="replace")[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
