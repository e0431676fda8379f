"""The code of the pages is executed as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import blocks, execute
from tests.docs.conftest import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.md"))
EXECUTED = [page for page in PAGES if any(block.language in ("sh", "python") for block in blocks(page))]


@pytest.mark.slow
@pytest.mark.parametrize("page", EXECUTED, ids=[page.stem for page in EXECUTED])
def test_every_block_of_a_page_is_executed(page: Path, tmp_path: Path) -> None:
    executed = execute(page, tmp_path, ("sh", "python"))
    if page.name == "tutorial.md":
        assert executed >= 15
        assert list((tmp_path / "outputs" / "comparisons").iterdir())
        assert list((tmp_path / "outputs" / "hardware").iterdir())


@pytest.mark.slow
def test_the_python_of_the_readme_is_executed(tmp_path: Path) -> None:
    assert execute(ROOT / "README.md", tmp_path, ("python",)) >= 2


def test_a_block_is_left_out_only_for_a_reason_and_in_a_known_language() -> None:
    found = [block for page in PAGES for block in blocks(page)]
    assert all(block.argument.strip() for block in found if block.tag)
    assert {block.language for block in found if not block.tag} <= {"sh", "python", "text", ""}


def test_a_block_that_fails_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- file: a/b.txt -->\n```text\nkept\n```\n\n```sh\ntest -f a/b.txt\nfalse\ntrue\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md, line 6"):
        execute(page, tmp_path, ("sh",))
    assert (tmp_path / "a" / "b.txt").read_text() == "kept\n"
