// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/endpoint.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>

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
    std::string_view port = text;
    if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
        port = text.substr(colon + 1);
        std::string_view address = text.substr(0, colon);
        const bool bracketed = address.starts_with('[') && address.ends_with(']');
        if (bracketed) {
            address = address.substr(1, address.size() - 2);
        }
        boost::system::error_code error;
        const auto parsed = boost::asio::ip::make_address(std::string(address), error);
        if (error || parsed.is_v6() != bracketed) {
            return wrong(fmt::format("'{}' is no address", address));
        }
        endpoint.address = parsed.to_string();
    }
    const auto [end, error] =
        std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size() || port.empty()) {
        return wrong(fmt::format("'{}' is no port", port));
    }
    return endpoint;
}

std::string to_string(const Endpoint& endpoint) {
    if (!endpoint.unix_path.empty()) {
        return "unix:" + endpoint.unix_path;
    }
    const bool six = endpoint.address.find(':') != std::string::npos;
    return fmt::format("http://{}{}{}:{}/metrics", six ? "[" : "", endpoint.address, six ? "]" : "",
                       endpoint.port);
}

}  // namespace api::metrics
