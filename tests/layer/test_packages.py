"""The metadata of packages is read in all its forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from layer.packages import Package, fetched, in_folder, pinned

HASH = "ab" * 32


@pytest.mark.parametrize(("said", "expression", "words"), [
    (("License-Expression: MIT", "License: see LICENSE"), "MIT", ()),
    (("License: MPL-2.0", "Classifier: License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)"), "MPL-2.0", ()),
    (("License: Dual License", "Classifier: License :: OSI Approved :: BSD License"), "", ("BSD License",)),
    ((), "", ()),
], ids=["expression", "one word", "classes", "nothing"])  # fmt: skip
def test_licences_are_read(
    tmp_path: Path, said: tuple[str, ...], expression: str, words: tuple[str, ...]
) -> None:
    """An SPDX expression comes first, then a one-word licence, then licence classifiers."""
    folder = tmp_path / "Some_Package-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "\n".join(["Metadata-Version: 2.4", "Name: Some_Package", "Version: 1.0", *said])
    )

    assert in_folder(tmp_path, {"some-package": HASH}) == (
        Package("some-package", "1.0", expression, words, HASH),
    )


def test_pins_are_read_without_their_hashes() -> None:
    """Names are normalised, extras and hashes are ignored."""
    assert pinned(f"A_b[x]==1.0 \\\n    --hash=sha256:{HASH}\nc==2\n") == {"a-b": "1.0", "c": "2"}


def test_hashes_of_downloaded_files_are_read() -> None:
    """The report of pip has the SHA-256 of each file."""
    item = {
        "metadata": {"name": "A_b"},
        "download_info": {"archive_info": {"hashes": {"sha256": HASH}}},
    }
    assert fetched({"install": [item]}) == {"a-b": HASH}
