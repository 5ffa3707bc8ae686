"""A webhook receiver as short as it can be, made of the standard library and boto3, with which the
product's own is compared.

Law: it does the webhook's work (secret, signature, age, one change per record, one event on the
bus) and nothing that the product adds: no settings, no metrics, no further accounts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from typing import Any

import boto3

FRESH_MS = 300_000


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one webhook request."""
    stored = boto3.client("secretsmanager").get_secret_value(
        SecretId=os.environ["RECEIVER_SECRET"]
    )["SecretString"]
    headers, body = event["headers"], event["body"].encode()
    stamp = headers["x-hubspot-request-timestamp"]
    signed = f"POST{os.environ['WEBHOOK_URL']}".encode() + body + stamp.encode()
    digest = hmac.new(json.loads(stored)["client_secret"].encode(), signed, hashlib.sha256).digest()
    genuine = hmac.compare_digest(
        base64.b64encode(digest).decode(), headers["x-hubspot-signature-v3"]
    )
    if not genuine or abs(time.time() * 1000 - int(stamp)) > FRESH_MS:
        return {"statusCode": 401}
    changes = {
        one["objectId"]: {"id": str(one["objectId"]), "at": one["occurredAt"]}
        for one in json.loads(body)
    }
    rows = [
        {"side": "hubspot", "object": "contact", "cause": "edited", **row}
        for row in changes.values()
    ]
    detail = {"version": 1, "connection": "acme", "kind": "contact", "changes": rows}
    entry = {
        "EventBusName": os.environ["CHANGE_BUS"],
        "Source": "crmsync.hubspot",
        "DetailType": "contact.changed",
    }
    answer = boto3.client("events").put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])
    return {"statusCode": 503 if answer["FailedEntryCount"] else 200}
