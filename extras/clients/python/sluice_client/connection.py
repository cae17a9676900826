# SPDX-License-Identifier: Apache-2.0
"""How to reach a daemon: its Unix socket, or TCP with mutual TLS."""

from __future__ import annotations

import argparse
import dataclasses
import pathlib

import grpc

DEFAULT = "/run/sluice/api.sock"


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where a daemon is. `target` is the path of a socket, or HOST:PORT, which needs all three files."""

    target: str = DEFAULT
    certificate: pathlib.Path | None = None
    key: pathlib.Path | None = None
    ca: pathlib.Path | None = None

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--connect", metavar="TARGET", default=DEFAULT,
                            help="the daemon's socket, or HOST:PORT with TLS (%(default)s)")
        parser.add_argument("--tls-certificate", metavar="FILE", type=pathlib.Path, help="this client's, PEM")
        parser.add_argument("--tls-key", metavar="FILE", type=pathlib.Path, help="of the certificate, PEM")
        parser.add_argument("--tls-ca", metavar="FILE", type=pathlib.Path, help="who signed the daemon's, PEM")

    @staticmethod
    def of(arguments: argparse.Namespace) -> Connection:
        return Connection(arguments.connect, arguments.tls_certificate, arguments.tls_key, arguments.tls_ca)

    def open(self) -> grpc.Channel:
        """A channel; it connects at its first call. Close it, or use it in a `with`."""
        # A batch of events may be large; a daemon that comes back is looked for at once.
        options = [("grpc.max_receive_message_length", 16 << 20), ("grpc.initial_reconnect_backoff_ms", 100),
                   ("grpc.max_reconnect_backoff_ms", 2000)]
        if "/" in self.target:
            path = pathlib.Path(self.target.removeprefix("unix:")).absolute()
            return grpc.insecure_channel(f"unix:{path}", options)
        if None in (self.certificate, self.key, self.ca):
            raise ValueError(f"{self.target} is reached by TLS: give --tls-certificate, --tls-key and --tls-ca, or "
                             "the path of a socket")
        credentials = grpc.ssl_channel_credentials(self.ca.read_bytes(), self.key.read_bytes(),
                                                   self.certificate.read_bytes())
        return grpc.secure_channel(self.target, credentials, options)
