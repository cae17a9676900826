// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "plugins/dhcp-client/message.hpp"

/// Any bytes as a server's message: what is read was checked, and holds only what can be.
namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace dhcp_client;
    if (size > 2000) {
        return 0;
    }
    // Of its own, so that a byte behind it is found out.
    const auto bytes = std::as_bytes(std::span(data, size));
    const std::vector<std::byte> message(bytes.begin(), bytes.end());
    const Fault fault = check(message);
    const auto reply = read(message);
    if (!reply) {
        return 0;
    }
    require(fault == Fault::none);
    require(reply->length <= Ip4Prefix::longest);
    require(reply->text.size() < size && reply->domain.size() < size);
    for (const StaticRoute& route : reply->routes) {
        require(route.prefix.is_normalised());
    }
    // A request for what was read can be written.
    Request request;
    request.type = Type::request;
    request.wanted = reply->address;
    request.server = reply->server;
    request.hostname = reply->domain;
    request.client_id = reply->text;
    const auto written = write(request);
    require(written.size() >= 300 && written.size() < 1000);
    return 0;
}
