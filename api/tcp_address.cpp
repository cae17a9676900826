// SPDX-License-Identifier: Apache-2.0
#include "api/tcp_address.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace api {

absl::StatusOr<TcpAddress> parse_tcp_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return absl::InvalidArgumentError("the port is missing");
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    boost::system::error_code wrong_address;
    const auto parsed = boost::asio::ip::make_address(std::string(host), wrong_address);
    if (wrong_address || parsed.is_v6() != bracketed) {
        return absl::InvalidArgumentError(fmt::format("'{}' is no address", host));
    }
    TcpAddress address{.address = parsed.to_string()};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size()) {
        return absl::InvalidArgumentError(fmt::format("'{}' is no port", port));
    }
    return address;
}

std::string to_string(const TcpAddress& address) {
    const bool six = address.address.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", six ? "[" : "", address.address, six ? "]" : "", address.port);
}

}  // namespace api
