# SPDX-License-Identifier: Apache-2.0
"""Makes Python modules of the .proto files, where they are missing or older, and puts them on the path.

SLUICE_PROTOS names the folder that holds api/proto and vnet/proto, the top of the source tree where it is left out;
SLUICE_GENERATED the folder for the modules, `generated` beside this package where it is left out.
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = pathlib.Path(os.environ.get("SLUICE_PROTOS", HERE.parents[3])).resolve()
GENERATED = pathlib.Path(os.environ.get("SLUICE_GENERATED", HERE.parent / "generated")).resolve()


def make():
    sources = [path for folder in ("api/proto", "vnet/proto") for path in sorted((PROTOS / folder).glob("*.proto"))]
    if not sources:
        sys.exit(f"error: there are no .proto files in {PROTOS}; set SLUICE_PROTOS to the folder that holds api/proto")
    GENERATED.mkdir(parents=True, exist_ok=True)
    # Another program may be doing the same.
    with open(GENERATED / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = GENERATED / "stamp"
        if not stamp.exists() or any(path.stat().st_mtime >= stamp.stat().st_mtime for path in sources):
            _compile(sources)
            stamp.touch()
    sys.path.insert(0, str(GENERATED))


def _compile(sources):
    plugin = shutil.which("grpc_python_plugin")
    if shutil.which("protoc") is None or plugin is None:
        sys.exit("error: protoc and grpc_python_plugin are missing; install protobuf-compiler and "
                 "protobuf-compiler-grpc")
    subprocess.run(["protoc", f"-I{PROTOS}", f"--python_out={GENERATED}", f"--pyi_out={GENERATED}",
                    f"--plugin=protoc-gen-grpc={plugin}", f"--grpc_out={GENERATED}",
                    *(str(path.relative_to(PROTOS)) for path in sources)], cwd=PROTOS, check=True)


make()
