// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/endpoint.hpp"

#include <fmt/format.h>

#include "api/tcp_address.hpp"

namespace api::metrics {

absl::StatusOr<Endpoint> parse_endpoint(std::string_view text) {
    const auto wrong = [text](std::string_view why) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is not where metrics can be served: {}; give a port, address:port as "
                        "in 127.0.0.1:9105 or [::1]:9105, or unix:/path",
                        text, why));
    };
    Endpoint endpoint;
    constexpr std::string_view unix_prefix = "unix:";
    if (text.starts_with(unix_prefix)) {
        endpoint.unix_path = text.substr(unix_prefix.size());
        return endpoint.unix_path.empty() ? absl::StatusOr<Endpoint>(wrong("the path is missing"))
                                          : endpoint;
    }
    // A port by itself is one of this machine's own.
    const bool port_only = text.find(':') == std::string_view::npos;
    const auto address =
        parse_tcp_address(port_only ? fmt::format("127.0.0.1:{}", text) : std::string(text));
    if (!address.ok()) {
        return wrong(std::string(address.status().message()));
    }
    endpoint.address = address->address;
    endpoint.port = address->port;
    return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
    if (!endpoint.unix_path.empty()) {
        return "unix:" + endpoint.unix_path;
    }
    return fmt::format("http://{}/metrics",
                       api::to_string(TcpAddress{endpoint.address, endpoint.port}));
}

}  // namespace api::metrics
