# SPDX-License-Identifier: Apache-2.0
"""What the tests of the installed product share. They use the system tests' hosts, with the installed programs in them."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

from lib import daemon  # noqa: E402
from lib.netns import remove_leftovers  # noqa: E402

BUILD = daemon.BUILD


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("these tests make network namespaces and install packages: run them as root", returncode=2)
    remove_leftovers()


def run(*words, **options):
    """Runs a program that must succeed; what it wrote."""
    done = subprocess.run([str(word) for word in words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **options)
    assert done.returncode == 0, f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def build_outside(source, build, *arguments):
    """Configures and builds a project outside of the tree."""
    run("cmake", "-G", "Ninja", "-S", source, "-B", build, *arguments)
    run("cmake", "--build", build, "--parallel", os.environ.get("SLUICE_JOBS", os.cpu_count()))


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """The product, installed to one place and moved to another."""
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", BUILD, "--prefix", folder / "first")
    shutil.move(folder / "first", folder / "product")
    return folder / "product"


@pytest.fixture
def installed(prefix, monkeypatch):
    """The system tests' Daemon and shell are the installed ones."""
    monkeypatch.setattr(daemon, "SLUICED", prefix / "sbin" / "sluiced")
    monkeypatch.setattr(daemon, "SLUICECTL", prefix / "bin" / "sluicectl")
    return prefix
