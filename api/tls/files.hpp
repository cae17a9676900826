// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <string>

/// What both ends of a mutual TLS connection need.
namespace api::tls {

/// The PEM files of one end.
struct Files {
    /// Its certificate, behind it those of the authorities between it and the root.
    std::string certificate;
    /// Its private key, without a passphrase.
    std::string key;
    /// The authorities that the other end's certificate is checked against.
    std::string ca;
};

/// What is in them.
struct Contents {
    std::string certificate;
    std::string key;
    std::string ca;
};

/// Reads the files and refuses, with the name of the file, what could only fail at each handshake:
/// a file that is missing or no PEM, a key of another certificate or with a passphrase, a
/// certificate that has expired or is not valid yet, authorities of which none is valid. Any
/// thread; blocks for the disk.
absl::StatusOr<Contents> read(const Files& files, absl::Time now = absl::Now());

}  // namespace api::tls
