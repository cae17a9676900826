#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Watches the libraries' binary interface: what each exports, against the lists beside this file.

    extras/abi/abi.py check  [--build DIR] [--lists DIR]   exit 1 where programs or plugins built before would break unseen
    extras/abi/abi.py accept [--build DIR] [--lists DIR]   writes the lists anew

A list has the functions and variables that a library defines, and the sizes of its classes' virtual tables. What lies in headers
(the layout of types, inline functions, templates) is not in it: the build stamp is a hash of the public headers, and the host refuses
a plugin whose stamp is another. So the two together see every change, and this is what they say:

  something is gone, and
    SLUICE_SOVERSION was raised      good: programs built before do not find the library, and say so
    the version is released (a tag)  an error: raise SLUICE_SOVERSION
    the stamp's headers changed too  good: plugins built before are refused with a sentence; programs are built again until the release
    neither                          an error: plugins built before would be let in, and then miss what is gone
  something is new                   good

The lists are of the last `accept`; a release begins with one.
"""

import argparse
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
# Generated code: its interface is the .proto files.
LEFT_OUT = ("api_proto", "vnet_proto")
OWN = r"(graph|vnet|api|plugins)::"
FACTS = "facts"


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def interface_of(library):
    """The lines of a library's list."""
    lines = set()
    for row in run("nm", "-DCS", "--defined-only", library).splitlines():
        match = re.match(r"[0-9a-f]+ (?:([0-9a-f]+) )?(\w) (.+)", row)
        if not match:
            continue
        size, kind, name = match[1], match[2], match[3]
        if kind in "TDBR" and re.search(OWN, name):
            lines.add(("function " if kind == "T" else "variable ") + name)
        elif kind == "V" and re.match(rf"vtable for {OWN}", name):
            lines.add(f"{name}, {int(size, 16)} bytes")
    return sorted(lines)


def libraries(build):
    found = {}
    for path in sorted((build / "lib").glob("libsluice_*.so")):
        name = path.stem.removeprefix("libsluice_")
        if name not in LEFT_OUT and not name.endswith("_testing"):
            found[name] = path
    if not found:
        sys.exit(f"error: there are no libraries in {build}/lib; build the target product")
    return found


def facts_of(build, any_library):
    soname = re.search(r"SONAME.*\[.*\.so\.(.+)\]", run("readelf", "-d", any_library))[1]
    headers = re.search(r"^headers=(\w+)$", (build / "sluice.stamp").read_text(), re.M)[1]
    return {"soversion": soname, "headers": headers}


def is_released(soversion):
    """Whether a version with this interface has been given out."""
    tags = subprocess.run(["git", "-C", str(TOP), "tag", "--list", f"v{soversion}", f"v{soversion}.*"],
                          capture_output=True, text=True)
    return bool(tags.stdout.split())


def judge(library, gone, old, new, released):
    """A sentence on what is gone, and whether it is an error."""
    count = f"{len(gone)} thing{'s' if len(gone) > 1 else ''}"
    what = f"libsluice_{library} no longer has {count} that it had, such as: {gone[0]}"
    if new["soversion"] != old["soversion"]:
        return f"{what}; its version went from {old['soversion']} to {new['soversion']}, so nobody is misled", False
    if released:
        return f"{what}; {new['soversion']} is released, so raise SLUICE_SOVERSION in CMakeLists.txt", True
    if new["headers"] != old["headers"]:
        return f"{what}; public headers changed as well, so plugins built before are refused by their stamp", False
    return (f"{what}, and no public header says so: plugins built before would be let in and then miss it; raise SLUICE_SOVERSION in "
            "CMakeLists.txt, or put it back, or, where nobody can have it, run extras/abi/abi.py accept", True)


def read_facts(lists):
    return dict(line.split("=", 1) for line in (lists / FACTS).read_text().split())


def check(build, lists):
    found = libraries(build)
    old, new = read_facts(lists), facts_of(build, next(iter(found.values())))
    released = is_released(new["soversion"])
    errors = 0
    known = {path.stem for path in lists.glob("*.list")}
    for name in sorted(known | set(found)):
        before = (lists / f"{name}.list").read_text().splitlines() if name in known else []
        now = interface_of(found[name]) if name in found else []
        gone = sorted(set(before) - set(now))
        fresh = len(set(now) - set(before))
        if gone:
            sentence, wrong = judge(name, gone, old, new, released)
            print(("error: " if wrong else "note: ") + sentence)
            errors += wrong
        if fresh:
            print(f"note: libsluice_{name} has {fresh} new")
    print(f"{len(found)} libraries of interface {new['soversion']}, public headers {new['headers']}: "
          + ("no plugin or program is misled" if errors == 0 else f"{errors} would mislead"))
    return errors == 0


def accept(build, lists):
    found = libraries(build)
    for path in lists.glob("*.list"):
        path.unlink()
    for name, path in found.items():
        (lists / f"{name}.list").write_text("\n".join(interface_of(path)) + "\n")
    facts = facts_of(build, next(iter(found.values())))
    (lists / FACTS).write_text("".join(f"{key}={value}\n" for key, value in facts.items()))
    print(f"{len(found)} lists written")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["check", "accept"])
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build" / "release")
    parser.add_argument("--lists", type=pathlib.Path, default=HERE)
    options = parser.parse_args()
    if options.action == "accept":
        accept(options.build, options.lists)
    elif not check(options.build, options.lists):
        sys.exit(1)


if __name__ == "__main__":
    main()
