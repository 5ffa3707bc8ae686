"""`make mutations`: plants the mutations of the table one at a time and prints which ones the tests
catch, problems first.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from tests.mutations.by_simulation import find
from tests.mutations.runner import Result, Verdict, baseline, copies_of, results_of
from tests.mutations.table import Mutation, page_rows, planted


def report(results: Sequence[Result], seconds: float) -> Iterator[str]:
    """The lines that are printed after so many seconds."""
    problems = [one for one in results if one.verdict is not Verdict.CAUGHT]
    if problems:
        yield f"{len(problems)} of {len(results)} mutations are not caught:"
        yield ""
        for one in problems:
            yield f"  {one.verdict}  {one.mutation.name} ({one.mutation.path})"
            yield f"            {one.mutation.says}"
            yield f"            {one.remark}"
        yield ""
    for one in results:
        remark = f" ({one.remark})" if one.remark and one.verdict is Verdict.CAUGHT else ""
        yield f"{one.verdict:<9} {one.seconds:6.1f} s  {one.mutation.name}{remark}"
    caught = len(results) - len(problems)
    yield f"{caught} of {len(results)} mutations caught in {seconds:.0f} seconds"


def chosen(names: Sequence[str]) -> list[Mutation]:
    """The mutations with these names, all without any. Raises `SystemExit` for an unknown one."""
    by_name = {one.name: one for one in planted()}
    for name in names:
        if name not in by_name:
            msg = f"There is no mutation {name}; see tests/mutations/planted.toml."
            raise SystemExit(msg)
    return [by_name[name] for name in names] or list(planted())


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns 1 if a mutation is not caught."""
    parser = argparse.ArgumentParser(prog="make mutations", description=__doc__)
    parser.add_argument("name", nargs="*", help="a mutation to plant, instead of all")
    parser.add_argument("--page", action="store_true", help="print the table for the documentation")
    parser.add_argument(
        "--simulation",
        type=int,
        metavar="N",
        help="play up to N histories of the simulation with each, instead of the named tests",
    )
    options = parser.parse_args(arguments)
    mutations = chosen(options.name)
    if options.page:
        _print(*page_rows(mutations))
        return 0
    if options.simulation:
        missed = 0
        for finding in find(mutations, options.simulation):
            missed += not finding.problem
            _print(str(finding))
        _print(f"{len(mutations) - missed} of {len(mutations)} mutations found")
        return 1 if missed else 0
    with copies_of() as copies:
        _print("Running the named tests without a mutation")
        if failures := baseline(copies[0], mutations):
            _print("These tests must pass first:", *failures)
            return 1
        began = time.monotonic()
        results: list[Result] = []
        for result in results_of(copies, mutations):
            results.append(result)
            _print(f"{result.verdict:<9} {result.mutation.name}")
    _print("", *report(results, time.monotonic() - began))
    return 0 if all(one.verdict is Verdict.CAUGHT for one in results) else 1


def _print(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
