# SPDX-License-Identifier: Apache-2.0
"""The plugin author's guide: its commands are run where the product is installed, and what it quotes stands in the example."""

import os
import subprocess

import pytest

from conftest import ROOT
from lib.manual import broken_links, check_quote, read
from lib.sandbox import Sandbox

GUIDE = ROOT / "extras" / "docs" / "plugin-guide.md"
EXAMPLE = "extras/example-plugin"


@pytest.fixture
def sandbox():
    with Sandbox(installed=True) as made:
        yield made


def test_what_the_guide_quotes_stands_in_the_example():
    quotes = [block for block in read(GUIDE) if block.language in ("cpp", "proto", "cmake")]
    for block in quotes:
        check_quote(block, ROOT)
    quoted = {block.file for block in quotes}
    # Each file of the example that is no test and only carries on what another one declares.
    assert {f"{EXAMPLE}/{name}" for name in ("CMakeLists.txt", "ttl_guard.proto", "floors.hpp", "guard.hpp", "guard.cpp",
                                             "service.cpp", "plugin.cpp", "guard_test.cpp", "plugin_test.cpp")} <= quoted


def test_what_the_guide_says_is_so(sandbox):
    sandbox.play(read(GUIDE))


@pytest.mark.parametrize("name, says", [("sluice-new-plugin", "--directory DIRECTORY"), ("sluice-api-check", "--folder DIRECTORY")])
def test_the_tools_have_manual_pages(prefix, name, says):
    page = prefix / "share" / "man" / "man1" / f"{name}.1.gz"
    shown = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True,
                           env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}, check=True)
    assert says in shown.stdout and "@" not in shown.stdout and shown.stderr == ""


def test_the_manuals_are_installed_with_what_they_lead_to(prefix):
    folder = prefix / "share" / "doc" / "sluice"
    pages = sorted(folder.rglob("*.md"))
    assert {"user-guide.md", "operator-guide.md", "api-guide.md", "plugin-guide.md"} <= {page.name for page in pages}
    assert {str(page.relative_to(folder)): broken for page in pages if (broken := broken_links(page))} == {}
    assert (folder / "reference" / "index.html").is_file() and (folder / "extras" / "grafana" / "sluice.json").is_file()
