# SPDX-License-Identifier: Apache-2.0
"""Certificates for the API's TCP port, made by openssl as api/README.md has it."""

import datetime
import pathlib
import re
import subprocess

from lib.daemon import ROOT


def readme_commands():
    """The openssl commands of the example, as an operator would paste them."""
    text = (ROOT / "api" / "README.md").read_text()
    commands, = re.findall(r"```sh\n(openssl .*?)```", text, re.DOTALL)
    return commands


class Certificates:
    """An authority in a folder; what it issues are NAME.pem and NAME.key there."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        subprocess.run(["sh", "-e", "-c", readme_commands()], cwd=self.folder, check=True, capture_output=True)
        self.roles = self.folder / "roles"

    def issue(self, name, expired=False):
        """A client's certificate, whose common name is NAME."""
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        if not expired:
            self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                          "-days", "1", "-out", f"{name}.pem")
        else:
            # Only "openssl ca" signs for a time that is over.
            (self.folder / "index.txt").write_text("")
            (self.folder / "ca.cnf").write_text(
                f"[ca]\ndefault_ca=own\n[own]\ndatabase={self.folder}/index.txt\nnew_certs_dir={self.folder}\n"
                "rand_serial=yes\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
            now = datetime.datetime.utcnow()
            begin, end = (f"{now - datetime.timedelta(days=days):%Y%m%d%H%M%SZ}" for days in (2, 1))
            self._openssl("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-cert", "ca.pem", "-keyfile", "ca.key",
                          "-startdate", begin, "-enddate", end, "-out", f"{name}.pem", "-notext")
        return name

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def daemon_options(self, listen):
        return ["--listen", listen, "--tls-certificate", self.folder / "router.pem", "--tls-key",
                self.folder / "router.key", "--tls-ca", self.folder / "ca.pem", "--tls-roles", self.roles]

    def client_options(self, address, name, ca=None):
        return ["--connect", address, "--tls-certificate", self.folder / f"{name}.pem", "--tls-key",
                self.folder / f"{name}.key", "--tls-ca", ca or self.folder / "ca.pem"]
