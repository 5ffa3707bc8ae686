"""``make invoke``: one Lambda in its real container, against a laptop stack that lives as long as
the call.

Needs a container engine with Docker's API (``DOCKER_HOST`` is honoured) and the output of ``make
build``. It starts the laptop stack, gives the function the addresses at which its container reaches
that stack, signs an unsigned webhook event, and calls ``sam local invoke``. The function's answer
goes to stdout, everything else to stderr.

Law: for a person at a terminal. It changes the stack's addresses, never its behaviour.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException
from samtranslator.yaml_helper import yaml_parse

from crmsync.wire.signature import sign
from local.rehearsal.deployment import ROOT
from local.relay import Relay
from local.stack import Stack
from local.stack.template.template import REGION

IMAGE = "public.ecr.aws/lambda/python:3.13-{}"
BUILT = ROOT / ".aws-sam/build"
EXAMPLE = ROOT / "local/rehearsal"
NETWORKS = ("bridge", "podman")
DESKTOP_HOST = "host.docker.internal"
SIGNATURE = "x-hubspot-signature-v3"


def main(arguments: Sequence[str] | None = None) -> int:
    """Invoke once; return 0 when the function answered without an error, 2 for invalid arguments,
    else 1.
    """
    given = _parser().parse_args(arguments)
    try:
        given.logical_id = logical_id_of(
            yaml_parse((ROOT / "template.yaml").read_text()), given.function
        )
        given.content = json.loads((ROOT / given.event).read_text()) if given.event else {}
        engine = docker.from_env()
        host = given.host or host_address(engine)
        image = bool(engine.images.list(name=IMAGE.format(given.architecture)))
    except (LookupError, ValueError, FileNotFoundError) as error:
        print(f"make invoke: {error}", file=sys.stderr)
        return 2
    except DockerException as error:
        print(f"make invoke needs a container engine, and none answers: {error}", file=sys.stderr)
        return 1
    print("The laptop stack starts.", file=sys.stderr)
    with ExitStack() as owned:
        settings, world = (
            (EXAMPLE / "settings.toml").read_text(),
            json.loads((EXAMPLE / "world.json").read_text()),
        )
        stack = owned.enter_context(Stack(settings, world))
        _reach(stack, host, owned)
        folder = Path(
            owned.enter_context(tempfile.TemporaryDirectory(prefix=".invoke-", dir=BUILT))
        )
        return _invoke(given, stack, host, folder, ["--skip-pull-image"] if image else [])


def logical_id_of(template: Mapping[str, Any], function: str) -> str:
    """Return the logical id of the function with this logical id or folder.

    Raises `LookupError`, which lists all functions.
    """
    functions = {
        logical_id: resource["Properties"]["CodeUri"].strip("/").rpartition("/")[2]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    for logical_id, folder in functions.items():
        if function in {logical_id, folder}:
            return str(logical_id)
    raise LookupError(f"FUNCTION={function} is none of {', '.join(sorted(functions.values()))}")


def signed(event: dict[str, Any], secret: str, now_ms: int) -> dict[str, Any]:
    """Return a webhook event signed as HubSpot would sign it now.

    Any other event, and one that already has a signature, is returned unchanged.
    """
    http = event.get("requestContext", {}).get("http")
    if http is None or "body" not in event or SIGNATURE in event["headers"]:
        return event
    query = f"?{event['rawQueryString']}" if event.get("rawQueryString") else ""
    url = f"https://{event['requestContext']['domainName']}{event['rawPath']}{query}"
    stamp = str(now_ms)
    signature = sign(secret, http["method"], url, event["body"].encode(), stamp)
    headers = {**event["headers"], SIGNATURE: signature, "x-hubspot-request-timestamp": stamp}
    return {**event, "headers": headers}


def with_addresses(built: dict[str, Any], stack: Stack, host: str) -> dict[str, Any]:
    """Return the built template with every variable as in the stack, and the endpoint as the
    container reaches it.

    ``sam local invoke`` resolves no resources and passes on no variable that the template does not
    declare, so they are written into the template.
    """
    for logical_id, function in stack.cloud.functions.items():
        there = {
            **function.environment,
            "AWS_ENDPOINT_URL": _address_from(stack.cloud.aws.url, host),
        }
        # Empty: the function then takes the signed URL from the event.
        there |= {"WEBHOOK_URL": ""} if "WEBHOOK_URL" in there else {}
        built["Resources"][logical_id]["Properties"]["Environment"] = {"Variables": there}
    for resource in built["Resources"].values():
        for key in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][key] = f"../{resource['Properties'][key]}"
    return built


def host_address(engine: Any) -> str:
    """Return the address at which a container finds this machine: the gateway of the engine's
    network, or the name that a desktop engine gives it.
    """
    if sys.platform != "linux":
        return DESKTOP_HOST
    for network in engine.networks.list():
        if network.name in NETWORKS:
            network.reload()
            for part in network.attrs["IPAM"]["Config"] or ():
                if "." in part.get("Gateway", ""):
                    return str(part["Gateway"])
    return DESKTOP_HOST


def _reach(stack: Stack, host: str, owned: ExitStack) -> None:
    """Make the stack, which listens on loopback, answer at `host`, and write these addresses into
    the connection's secrets.
    """
    ready = stack.ready()
    hubspot, salesforce = ready["portals"][0]["base_url"], ready["salesforce"]["instance_url"]
    if host != DESKTOP_HOST:
        for url in (ready["aws_endpoint_url"], hubspot, salesforce):
            owned.enter_context(Relay(host, int(url.rpartition(":")[2])))
    stack.salesforce.set_instance_url(_address_from(salesforce, host))
    secrets = stack.cloud.aws.client("secretsmanager")
    for side, key, url in (
        ("hubspot", "api_url", hubspot),
        ("salesforce", "login_url", salesforce),
    ):
        name = f"crmsync/acme/{side}"
        secret = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
        secrets.put_secret_value(
            SecretId=name, SecretString=json.dumps(secret | {key: _address_from(url, host)})
        )


def _address_from(url: str, host: str) -> str:
    return f"http://{host}:{url.rpartition(':')[2]}"


def _invoke(
    given: argparse.Namespace, stack: Stack, host: str, folder: Path, options: Sequence[str]
) -> int:
    event, template = folder / "event.json", folder / "template.json"
    event.write_text(
        json.dumps(
            signed(given.content, stack.hubspot.portals[0].client_secret, stack.clock.now_ms())
        )
    )
    template.write_text(
        json.dumps(with_addresses(yaml_parse((BUILT / "template.yaml").read_text()), stack, host))
    )
    command = [
        given.sam.absolute(),
        "local",
        "invoke",
        given.logical_id,
        "--template",
        template,
        "--event",
        event,
    ]
    command += [
        "--region",
        REGION,
        "--parameter-overrides",
        f"Architecture={given.architecture}",
        *options,
    ]
    # SAM prefers the shell's variables to the template's, and asks STS for the caller's identity.
    declared = {
        name for function in stack.cloud.functions.values() for name in function.environment
    }
    shell = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name not in declared
    }
    keys = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }
    environment = {
        **shell,
        **keys,
        "AWS_ENDPOINT_URL_STS": stack.cloud.aws.url,
        "SAM_CLI_TELEMETRY": "0",
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout.strip())
    return done.returncode or int('"errorType"' in done.stdout)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make invoke", description="Runs one Lambda in its container."
    )
    parser.add_argument("function", help="FUNCTION: a folder in functions/ or a logical id")
    parser.add_argument(
        "event", nargs="?", default="", help="EVENT: a file in events/ (absent: an empty event)"
    )
    parser.add_argument("--sam", type=Path, required=True, help="the SAM CLI")
    parser.add_argument("--architecture", required=True, help="the architecture of the build")
    parser.add_argument(
        "--host",
        default="",
        help="the address at which containers reach this machine (default: ask the engine)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
