// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/dhcp-client/message.hpp"
#include "vnet/wire/testing/hex.hpp"

namespace dhcp_client::testing {

using vnet::wire::testing::Bytes;

/// What a server sends, for tests: right unless said otherwise.
class ServerMessage {
public:
    explicit ServerMessage(Type type, const char* address = "10.0.0.7");

    ServerMessage& transaction(uint32_t value);
    ServerMessage& client(const char* mac);
    /// An option as hexadecimal digits, behind those that are there.
    ServerMessage& option(uint8_t code, const char* hex);
    ServerMessage& without(uint8_t code);
    /// One byte of the fixed header.
    ServerMessage& poke(size_t offset, uint8_t value);
    /// Bytes of options in the fields "file" and "sname".
    ServerMessage& file(const char* hex);
    ServerMessage& server_name(const char* hex);
    /// Bytes behind all options, in the place of the end.
    ServerMessage& end(const char* hex);

    Bytes bytes() const;

private:
    Bytes header_;
    std::vector<std::pair<uint8_t, Bytes>> options_;
    Bytes end_;
};

}  // namespace dhcp_client::testing
