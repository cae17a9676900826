# SPDX-License-Identifier: Apache-2.0
"""The build fails where something of the released API is taken away: of the product's own, and of a plugin outside the tree."""

import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, run

CHECK = BUILD / "bin" / "sluice-api-check"
RELEASED = ROOT / "extras" / "api" / "released"


def descriptors(tree, out):
    """The descriptors of a tree's .proto files; the files' names."""
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*.proto") if "testing" not in path.parts)
    run("protoc", "--include_imports", f"--descriptor_set_out={out}", f"-I{tree}", *(tree / name for name in names))
    return names


class Tree:
    """A copy of the product's .proto files and of what is released of them."""

    def __init__(self, folder):
        self.folder = folder
        self.released = folder / "released"
        shutil.copytree(RELEASED, self.released)
        for name in ("api", "vnet", "plugins"):
            for path in (ROOT / name).rglob("*.proto"):
                copy = folder / "tree" / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)

    def edit(self, name, old, new):
        path = self.folder / "tree" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def tool(self, *action):
        names = descriptors(self.folder / "tree", self.folder / "now")
        descriptors(self.released, self.folder / "then")
        return subprocess.run([CHECK, *action, "--folder", self.released, "--released", self.folder / "then",
                               "--descriptors", self.folder / "now", *names], capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_it_is_part_of_what_is_built():
    commands = run("ninja", "-C", BUILD, "-t", "commands", "product")
    assert "sluice-api-check check" in commands


def test_the_released_api_stands(tree):
    done = tree.tool("check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name, old, new, sentence", [
    ("vnet/proto/interface.proto", "optional uint32 mtu = 3", "optional uint64 mtu = 3",
     "field sluice.SetInterfaceRequest.mtu was 'optional uint32' and is 'optional uint64'"),
    ("vnet/proto/ip.proto", "uint32 preference = 3;", "",
     "field sluice.Route.preference is gone: put it back; it may go once it was released with 'deprecated = true'"),
    ("vnet/proto/ip.proto", '"delete route <prefix> [vrf <vrf>]";\n    option (sluice.writes)', '"remove route <prefix> [vrf <vrf>]";\n    option (sluice.writes)',
     "since the line 'delete route 192.0.3.0/24' is not understood any more"),
    ("plugins/pg/pg.proto", "PROTOCOL_ICMP = 2", "PROTOCOL_PING = 2",
     "number 2 of sluice.pg.Protocol was 'PROTOCOL_ICMP' and is 'PROTOCOL_PING'"),
])
def test_what_breaks_is_named(tree, name, old, new, sentence):
    tree.edit(name, old, new)
    done = tree.tool("check")
    assert done.returncode == 1
    assert any(line.startswith(f"{name}: ") and sentence in line for line in done.stderr.splitlines()), done.stderr
    assert "accept --breaking" in done.stderr
    # Nor is it released by oversight.
    done = tree.tool("accept")
    assert done.returncode == 1 and "Nothing was accepted" in done.stderr
    assert tree.tool("check").returncode == 1


def test_what_is_new_is_released_by_accepting(tree):
    tree.edit("vnet/proto/ip.proto", "uint32 preference = 3;", "uint32 preference = 3;\n  // Its age.\n  uint64 age_ns = 20;")
    assert tree.tool("check").returncode == 0
    done = tree.tool("accept")
    assert done.returncode == 0 and "+ field sluice.Route.age_ns = 20, uint64\n" in done.stdout, done.stderr
    tree.edit("vnet/proto/ip.proto", "uint64 age_ns", "uint32 age_ns")
    assert "field sluice.Route.age_ns was 'uint64'" in tree.tool("check").stderr
    done = tree.tool("accept", "--breaking")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:2] == ["- field sluice.Route.age_ns = 20, uint64", "+ field sluice.Route.age_ns = 20, uint32"]
    assert tree.tool("check").returncode == 0


def test_a_plugin_outside_has_the_same_check(prefix, tmp_path):
    """The installed function, and a build that fails."""
    proto = tmp_path / "my_plugin.proto"
    proto.write_text('syntax = "proto3";\npackage my;\nimport "api/proto/types.proto";\n'
                     "message Thing {\n  sluice.Ip4Address address = 1;\n  uint32 size = 2;\n}\n")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.23)\nproject(my CXX C ASM)\nfind_package(Sluice 0.1 REQUIRED)\n"
        "sluice_api_check(api FOLDER released PROTOS my_plugin.proto)\n")
    build = tmp_path / "build"
    run("cmake", "-G", "Ninja", "-S", tmp_path, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", build)
    assert "+ field my.Thing.size = 2, uint32\n" in run("cmake", "--build", build, "--target", "api-accept")
    assert [path.name for path in (tmp_path / "released").rglob("*.proto")] == ["my_plugin.proto"]
    run("cmake", "--build", build)
    proto.write_text(proto.read_text().replace("uint32 size", "uint64 size"))
    done = subprocess.run(["cmake", "--build", build], capture_output=True, text=True)
    assert done.returncode != 0
    assert "my_plugin.proto: field my.Thing.size was 'uint32' and is 'uint64'" in done.stdout + done.stderr
    run("cmake", "--build", build, "--target", "api-accept-breaking")
    run("cmake", "--build", build)
