# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests. SLUICE_BUILD names the build directory; build/release where it is left out."""

import os

import pytest

from lib.daemon import SLUICECTL, SLUICED
from lib.lab import Lab
from lib.netns import Namespace, remove_leftovers


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than half a minute, because a timer of the router does")


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the system tests make network namespaces: run them as root", returncode=2)
    for program in (SLUICED, SLUICECTL):
        if not program.is_file():
            pytest.exit(f"{program} is not built: build it, or name the build directory in SLUICE_BUILD", returncode=2)
    remove_leftovers()


@pytest.fixture
def lab(tmp_path):
    """A configured router between lan and wan, its own for the test."""
    with Lab(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory):
    """The same for a whole file, where tests leave nothing behind."""
    with Lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture
def box():
    """An empty namespace for a daemon."""
    with Namespace("box") as made:
        yield made
