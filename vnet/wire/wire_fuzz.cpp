// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "vnet/wire/arp.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/dissect.hpp"
#include "vnet/wire/ip4_options.hpp"
#include "vnet/wire/mac.hpp"

namespace {

using namespace vnet::wire;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void describe_both(std::span<const std::byte> bytes) {
    for (const FirstLayer first : {FirstLayer::ethernet, FirstLayer::ip4}) {
        const std::string line = describe(bytes, first);
        require(!line.empty());
        for (const char character : line) {
            require(character >= ' ' && character <= '~');
        }
        require(dissect(bytes, first).size() <= 16);
    }
}

void walk_options(std::span<const std::byte> bytes) {
    Ip4OptionsCursor options(bytes);
    std::size_t end = sizeof(Ip4Header);
    while (const auto option = options.next()) {
        require(option->offset >= end && option->bytes.size() >= 2);
        require(option->bytes.data() == bytes.data() + option->offset);
        end = option->offset + option->bytes.size();
        require(end <= Ip4Header::longest_header && end <= bytes.size());
    }
    require(!options.malformed() || options.error_pointer() < Ip4Header::longest_header);
}

void check_verdicts(std::span<const std::byte> bytes) {
    const auto [arp, arp_fault] = check_arp(bytes);
    require((arp == nullptr) == (arp_fault == ArpFault::truncated));
    require(arp_fault != ArpFault::none || arp->sender_mac.is_unicast());
    if (check_ip4(bytes) == Ip4Fault::none) {
        const auto* header = view<Ip4Header>(bytes);
        require(header->header_length() >= sizeof(Ip4Header));
        require(header->header_length() <= header->total_length.value());
        require(header->total_length.value() <= bytes.size());
    }
}

void sum(std::span<const std::byte> bytes) {
    std::uint32_t naive = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        naive += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
        naive = (naive & 0xffff) + (naive >> 16);
    }
    require(internet_checksum(bytes).value() == static_cast<std::uint16_t>(~naive));
}

/// What a parser accepts it writes back letter for letter (MAC addresses in lower case).
void parse_text(std::string_view text) {
    if (const auto address = Ip4Address::parse(text); address.ok()) {
        require(address->to_string() == text);
    }
    if (const auto prefix = Ip4Prefix::parse(text); prefix.ok()) {
        require(prefix->to_string() == text);
    }
    if (const auto mac = MacAddress::parse(text); mac.ok()) {
        require(*MacAddress::parse(mac->to_string()) == *mac);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    describe_both(bytes);
    walk_options(bytes);
    walk_options(after(bytes, sizeof(EthernetHeader)));
    check_verdicts(bytes);
    check_verdicts(after(bytes, sizeof(EthernetHeader)));
    sum(bytes);
    parse_text(std::string(data, data + size));
    return 0;
}
