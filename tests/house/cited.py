"""What the texts of a repository cite: which passages there are, and which of their citations lead
nowhere. Knows no file by name.

A citation is a page (``docs/vendors.md``, with or without an anchor), a source file, a dotted
module or a name in it, a decision or a fault by its number, a rule by its id, and in Python a name
of ours between single backticks (others' names have double ones). A section by its number is none:
pages have headings, and a heading has no number.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.house.rules.index import ids_in

_PAGE = re.compile(r"(?<![\w./:*{}<>-])((?:[\w-]+/|\.\./)*[\w-]+\.md)(?:#([\w-]+))?")
_SOURCE = re.compile(r"(?<![\w./:*{}<>-])((?:[\w-]+/)+[\w-]+\.(?:py|toml|yaml|json|txt|in))\b")
_DOTTED = re.compile(
    r"(?<![\w./@:-])((?:crmsync|local|simulators|tests|functions)(?:\.[A-Za-z_]\w*)+)(?![\w/(])"
)
_DECISIONS = re.compile(r"\b[Dd]ecisions? (\d+(?:(?:, | and )\d+)*)")
_FAULTS = re.compile(r"\b[Ff]aults? (\d+(?:(?:, | and )\d+)*)")
_SECTION = re.compile(
    r"(?<!RFC )\b(?:platforms|architecture|rules|findings|vendors|specification)(?:\.md)?,? (?:sections? )?\d+(?:\.\d+)*\b"
    r"|\bsections? \d+(?:\.\d+)*\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_ID = re.compile(r"(?<![\w-])[A-Z]{1,5}-\d+\b(?:\s+to\s+[A-Z]{1,5}-\d+\b)?(?![\w-])")

_TOKEN = re.compile(
    r"""(?P<string>(?:\b[bfru]{1,2})?(?:
            \"{3}(?:[^\\]|\\.)*?\"{3} | '{3}(?:[^\\]|\\.)*?'{3}
            | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*'
        )) | (?P<comment>\#[^\n]*) | (?P<name>(?<!\w)[A-Za-z_]\w*)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
"""What a module has of strings, comments and names; in a third of the time of ``tokenize``."""

_BLANK = re.compile(r"(\n\s*\n)")
_ITEM = re.compile(r"(\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.)\s))")

NO_IDS = frozenset({"AES-256", "ISO-8601", "SHA-256", "UTF-8", "UTF-16"})
"""Names of standards that look like ids of rules."""

FAULTS_PAGE = "docs/vendors.md"


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text that people read, in one line.

    Attributes:
        path: Of its file, relative to the repository.
        line: The one it begins in.
        text: With its line breaks as blanks.
    """

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class House:
    """What citations may lead to.

    Attributes:
        files: The tracked files.
        folders: Names with which paths of ours begin; others are somebody else's.
        homes: Where a path may begin, "" being the repository.
        anchors: By page, the anchors on it.
        modules: By dotted name, the module's source.
        rules: The ids of the specification.
        words: The names that the code has, and the words of its strings.
    """

    files: frozenset[str]
    folders: frozenset[str]
    homes: tuple[str, ...]
    anchors: Mapping[str, frozenset[str]]
    modules: Mapping[str, str]
    rules: frozenset[str]
    words: frozenset[str]

    def find(self, path: str, beside: str) -> str | None:
        """The tracked file that a path means in a file `beside` it; None where no file matches."""
        starts = (*self.homes, str(PurePosixPath(beside).parent))
        candidates = (_normal(PurePosixPath(start) / path) for start in starts)
        return next((it for it in candidates if it in self.files), None)

    def knows(self, dotted: str) -> bool:
        """Whether a dotted name is a module, a package, or something that its module defines."""
        if dotted in self.modules or any(name.startswith(f"{dotted}.") for name in self.modules):
            return True
        module, _, name = dotted.rpartition(".")
        if module in self.modules:
            return _defines(self.modules[module], name)
        outer, _, owner = module.rpartition(".")
        return outer in self.modules and _defines(self.modules[outer], owner)


def dangling(house: House, passage: Passage) -> list[str]:
    """The citations of a passage that lead nowhere, in the order of their kinds."""
    text = passage.text
    found = [
        *_pages(house, passage),
        *(
            it
            for it in _SOURCE.findall(text)
            if it.partition("/")[0] in house.folders and house.find(it, passage.path) is None
        ),
        *(it for it in _DOTTED.findall(text) if not _is_file(it) and not house.knows(it)),
        *(f"decision {it}" for it in _numbers(_DECISIONS, text) if not _is_decision(house, it)),
        *(
            f"fault {it}"
            for it in _numbers(_FAULTS, text)
            if f"fault-{it}" not in house.anchors.get(FAULTS_PAGE, ())
        ),
        *(it.group() for it in _SECTION.finditer(text)),
        *unknown_rules(house, text),
        *(it for it in _names(passage) if it.rpartition(".")[2] not in house.words),
    ]
    return list(dict.fromkeys(found))


def _is_file(dotted: str) -> bool:
    return PurePosixPath(dotted).suffix in {".md", ".py"}


def _names(passage: Passage) -> list[str]:
    return _NAME.findall(passage.text) if passage.path.endswith(".py") else []


def unknown_rules(house: House, text: str) -> list[str]:
    """The ids in a text that the specification does not have."""
    named = {id_ for found in _ID.finditer(text) for id_ in ids_in(found.group())}
    return sorted(named - house.rules - NO_IDS)


def _pages(house: House, passage: Passage) -> Iterator[str]:
    for path, anchor in _PAGE.findall(passage.text):
        page = house.find(path, passage.path)
        if page is None:
            yield path
        elif anchor and anchor not in house.anchors[page]:
            yield f"{path}#{anchor}"


def _numbers(pattern: re.Pattern[str], text: str) -> list[int]:
    return [
        int(number) for listed in pattern.findall(text) for number in re.findall(r"\d+", listed)
    ]


def _is_decision(house: House, number: int) -> bool:
    return any(it.startswith(f"docs/decisions/{number:04}-") for it in house.files)


def _defines(source: str, name: str) -> bool:
    return (
        re.search(rf"^(?:(?:async )?(?:def|class) {name}\b|{name}\b)", source, re.MULTILINE)
        is not None
    )


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


@dataclass(frozen=True, slots=True)
class PythonText:
    """A module as people read it, and the words of its code.

    Attributes:
        passages: Docstrings, those below attributes included, and comments; neighbouring lines of
        comment are one.
        words: Names, and the words of strings that are no docstrings; the module's own name and
        those of its folders, too.
    """

    passages: tuple[Passage, ...]
    words: frozenset[str]


def read_python(path: str, source: str) -> PythonText:
    """A module by its tokens, each read once."""
    docstrings = {
        (node.lineno, node.col_offset): Passage(path, node.lineno, _in_line(node.value.value))
        for node in _statements(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    words = set(PurePosixPath(path).with_suffix("").parts)
    comments: list[tuple[int, str]] = []
    starts = [0, *(found.end() for found in re.finditer("\n", source))]
    for token in _TOKEN.finditer(source):
        kind, text = token.lastgroup, token.group()
        if kind == "name":
            words.add(text)
            continue
        line = bisect_right(starts, token.start())
        if kind == "comment":
            comments.append((line, text.lstrip("# ")))
        elif (line, token.start() - starts[line - 1]) not in docstrings:
            words.update(_WORD.findall(text))
    passages = sorted([*docstrings.values(), *_blocks(path, comments)], key=lambda it: it.line)
    return PythonText(tuple(passages), frozenset(words))


def _statements(group: ast.Module | ast.stmt) -> Iterator[ast.stmt]:
    """The statements in a module, class or function, and those in its classes and functions: where
    docstrings may stand.
    """
    for node in getattr(group, "body", ()):
        yield node
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _statements(node)


def _blocks(path: str, comments: Sequence[tuple[int, str]]) -> list[Passage]:
    blocks: list[list[tuple[int, str]]] = []
    for line, text in comments:
        if blocks and blocks[-1][-1][0] == line - 1:
            blocks[-1].append((line, text))
        else:
            blocks.append([(line, text)])
    return [
        Passage(path, block[0][0], _in_line(" ".join(text for _, text in block)))
        for block in blocks
    ]


def page_passages(path: str, text: str) -> list[Passage]:
    """The paragraphs, items and rows of a Markdown page, without its code blocks."""
    prose = re.sub(
        r"^ *```.*?^ *```\s*$",
        lambda it: "\n" * it.group().count("\n"),
        text,
        flags=re.DOTALL | re.MULTILINE,
    )
    return [Passage(path, line, paragraph) for line, paragraph in _paragraphs(prose, _ITEM)]


def comment_passages(path: str, text: str) -> list[Passage]:
    """The paragraphs of a settings file or template, with its comments, the hash signs removed."""
    plain = "\n".join(re.sub(r"^\s*# ?", "", line) for line in text.splitlines())
    return [Passage(path, line, paragraph) for line, paragraph in _paragraphs(plain, _BLANK)]


def _paragraphs(text: str, between: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    line = 1
    for part in between.split(text):
        if part.strip():
            yield line, _in_line(part)
        line += part.count("\n")


def _in_line(text: str) -> str:
    return " ".join(text.split())
