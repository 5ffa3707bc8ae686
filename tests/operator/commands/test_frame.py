"""What all commands have in common: help with examples, and no traceback whatever goes wrong."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from crmsync.cli import main
from crmsync.cli.command import parser
from tests.operator.deployments import Deployment
from tests.operator.shell import Shell

PACKAGE = Path(__file__).resolve().parents[3] / "layers" / "shared"


def commands(
    top: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yield the parser of every command and group, with the words that lead to it."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, one in action.choices.items():
                yield (*words, word), one
                yield from commands(one, (*words, word))


COMMANDS = dict(commands(parser()))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_says_what_it_does_with_an_example(words: tuple[str, ...]) -> None:
    """Its help has a sentence, every argument is explained, and the example can be typed."""
    one = COMMANDS[words]

    assert one.description is not None
    assert one.description.endswith(".")
    assert [
        action.dest for action in one._actions if not action.help and action.dest != "help"
    ] == [action.dest for action in one._actions if isinstance(action, argparse._SubParsersAction)]
    epilog = one.epilog or ""
    if one.get_default("run") is None:
        assert epilog == f"crmsync {' '.join(words)} WORD --help says more about each."
    else:
        line = shlex.split(epilog.removeprefix("Example: ").split(" > ", maxsplit=1)[0])
        assert tuple(line[: len(words) + 1]) == ("crmsync", *words)
        assert parser().parse_args(line[1:]).run.__qualname__ == one.get_default("run").__qualname__


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """It is that of the installed package."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert (ended.value.code, capsys.readouterr().out) == (0, f"crmsync {version('crmsync')}\n")


def test_an_unknown_word_is_answered_with_those_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A mistyped category or side ends with 2, and the last line names the right ones."""
    ends = []
    for words in (
        ("errors", "list", "--category", "foo"),
        ("explain", "hubspots", "contact", "81"),
        ("preview", "--limit", "none"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(words)
        ends.append((ended.value.code, capsys.readouterr().err.splitlines()[-1]))

    assert ends == [
        (
            2,
            (
                "crmsync errors list: error: argument --category: foo is none of waiting, "
                "associations, validation, duplicates, permissions, mapping, unavailable, "
                "internal, brake, held, privacy"
            ),
        ),
        (2, "crmsync explain: error: argument SIDE: hubspots is none of hubspot, salesforce"),
        (2, "crmsync preview: error: argument --limit: none is no number, 1 or more"),
    ]


def test_a_fault_of_ours_is_told_in_a_sentence(deployment: Deployment, shell: Shell) -> None:
    """It names the kind of fault and its place in the code, and the exit status is 1."""
    health = deployment.operator.health
    broken = {**{name: getattr(health, name) for name in health.__slots__}, "settings": _fault}
    object.__setattr__(deployment.operator, "health", type(health)(**broken))

    status, out, err = shell.run("status")

    assert (status, out) == (1, "")
    assert err.startswith("crmsync: this is a fault of crmsync: KeyError: 'x' (test_frame.py, line")
    assert err.endswith(", in _fault). Report it with the command that you gave.\n")


def _fault() -> None:
    raise KeyError("x")


def test_an_interrupted_command_says_what_goes_on(deployment: Deployment, shell: Shell) -> None:
    """Ctrl-C ends with 130, as in every shell, and with a sentence."""
    health = deployment.operator.health
    broken = {
        **{name: getattr(health, name) for name in health.__slots__},
        "settings": _interrupt,
    }
    object.__setattr__(deployment.operator, "health", type(health)(**broken))

    status, out, err = shell.run("status")

    assert (status, out) == (130, "")
    assert err.startswith("\ncrmsync: interrupted. What has begun in the account goes on")


def _interrupt() -> None:
    raise KeyboardInterrupt


def _in_a_process(words: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own with nothing but these environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "crmsync.cli", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE), "HOME": "/nowhere"}
        | {"AWS_EC2_METADATA_DISABLED": "true"}
        | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {},
            (
                "AWS could not be reached (NoRegionError). Set AWS_DEFAULT_REGION to the stack's "
                "region, or name it in the profile."
            ),
        ),
        (
            {"AWS_DEFAULT_REGION": "eu-west-1"},
            (
                "The settings table could not be reached (NoCredentialsError). Sign in to AWS, as "
                "with aws sso login, or name a profile in AWS_PROFILE; aws sts get-caller-identity "
                "says who you are."
            ),
        ),
        (
            {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_PROFILE": "nobody"},
            (
                "AWS could not be reached (ProfileNotFound). AWS_PROFILE names a profile that "
                "~/.aws/config does not have."
            ),
        ),
        (
            {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", **KEYS},
            (
                "The settings table could not be reached (EndpointConnectionError). Check the "
                "region (AWS_DEFAULT_REGION), the network, and whether AWS_ENDPOINT_URL is still "
                "set for a laptop stack."
            ),
        ),
    ],
    ids=["no region", "no credentials", "no profile", "nobody answers"],
)
def test_an_unusable_aws_account_is_told_in_a_sentence(
    variables: dict[str, str], sentence: str
) -> None:
    """What is missing in the shell is named with what to do, and the exit status is 1."""
    done = _in_a_process(["errors", "list"], **variables)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"crmsync: {sentence}\n")


def test_a_reader_that_has_enough_ends_no_command() -> None:
    """When head closes the pipe, nothing is said about it."""
    line = f'{shlex.quote(sys.executable)} -c "{WRITES_MUCH}" | head -1'
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "row 0\n", "")


WRITES_MUCH = """
import sys
from types import SimpleNamespace
from crmsync.cli import command
from crmsync.cli.answer import Answer
rows = chr(10).join('row %d' % number for number in range(100_000))
command._answer = lambda arguments, operator: Answer([], rows)
sys.exit(command.main(['status']))
"""
