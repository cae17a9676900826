// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/testing/server_message.hpp"

#include <algorithm>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace dhcp_client::testing {

using vnet::wire::testing::from_hex;

namespace {

constexpr size_t transaction_at = 4;
constexpr size_t your_address_at = 16;
constexpr size_t client_at = 28;
constexpr size_t server_name_at = 44;
constexpr size_t file_at = 108;
constexpr size_t cookie_at = 236;

void put(Bytes& to, size_t at, std::span<const std::byte> bytes) {
    std::copy(bytes.begin(), bytes.end(), to.begin() + long(at));
}

}  // namespace

ServerMessage::ServerMessage(Type type, const char* address) : header_(240) {
    put(header_, 0, from_hex("02 01 06 00"));
    put(header_, your_address_at, vnet::wire::bytes_of(vnet::wire::testing::ip(address)));
    put(header_, cookie_at, from_hex("63 82 53 63"));
    transaction(0x11223344);
    client("02:00:00:00:00:01");
    options_.push_back({53, Bytes{std::byte(type)}});
    // Server 10.0.0.1, a mask of /24, a lease of an hour.
    option(54, "0a 00 00 01").option(1, "ff ff ff 00").option(51, "00 00 0e 10");
    end("ff");
}

ServerMessage& ServerMessage::transaction(uint32_t value) {
    put(header_, transaction_at, vnet::wire::bytes_of(Ip4Address(value)));
    return *this;
}

ServerMessage& ServerMessage::client(const char* mac) {
    put(header_, client_at, vnet::wire::bytes_of(vnet::wire::testing::mac(mac)));
    return *this;
}

ServerMessage& ServerMessage::option(uint8_t code, const char* hex) {
    options_.push_back({code, from_hex(hex)});
    return *this;
}

ServerMessage& ServerMessage::without(uint8_t code) {
    std::erase_if(options_, [code](const auto& one) { return one.first == code; });
    return *this;
}

ServerMessage& ServerMessage::poke(size_t offset, uint8_t value) {
    header_.at(offset) = std::byte(value);
    return *this;
}

ServerMessage& ServerMessage::file(const char* hex) {
    put(header_, file_at, from_hex(hex));
    return *this;
}

ServerMessage& ServerMessage::server_name(const char* hex) {
    put(header_, server_name_at, from_hex(hex));
    return *this;
}

ServerMessage& ServerMessage::end(const char* hex) {
    end_ = from_hex(hex);
    return *this;
}

Bytes ServerMessage::bytes() const {
    Bytes all = header_;
    for (const auto& [code, value] : options_) {
        all.push_back(std::byte(code));
        all.push_back(std::byte(value.size()));
        all.insert(all.end(), value.begin(), value.end());
    }
    all.insert(all.end(), end_.begin(), end_.end());
    return all;
}

}  // namespace dhcp_client::testing
