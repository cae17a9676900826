// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace api::metrics {

/// Where the exporter listens.
struct Endpoint {
    /// A numeric IPv4 or IPv6 address.
    std::string address = "127.0.0.1";
    /// 0: whichever is free.
    uint16_t port = 0;
    /// A Unix socket instead of address and port, where it is not empty.
    std::string unix_path;
};

/// Reads "9105" (this machine only), "0.0.0.0:9105", "[::1]:9105" or "unix:/run/sluice/metrics".
absl::StatusOr<Endpoint> parse_endpoint(std::string_view text);
/// "http://127.0.0.1:9105/metrics", or "unix:/run/sluice/metrics".
std::string to_string(const Endpoint& endpoint);

}  // namespace api::metrics
