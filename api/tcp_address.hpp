// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace api {

/// Where a server listens.
struct TcpAddress {
    /// A numeric IPv4 or IPv6 address.
    std::string address = "127.0.0.1";
    /// 0: whichever is free.
    std::uint16_t port = 0;
};

/// Reads "192.0.2.1:9443" or "[2001:db8::1]:9443". The error says which half is wrong, and is meant
/// to be part of a longer sentence.
absl::StatusOr<TcpAddress> parse_tcp_address(std::string_view text);
/// "192.0.2.1:9443", "[2001:db8::1]:9443".
std::string to_string(const TcpAddress& address);

}  // namespace api
