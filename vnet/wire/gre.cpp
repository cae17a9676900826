// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/gre.hpp"

namespace vnet::wire {

namespace {
/// A key or a sequence number.
struct GreField {
    Be32 value;
};
}  // namespace

GreVerdict read_gre(std::span<const std::byte> packet) noexcept {
    GreVerdict verdict;
    const auto* header = view<GreHeader>(packet);
    if (header == nullptr || packet.size() < header->length()) {
        verdict.fault = GreFault::truncated;
        return verdict;
    }
    if (header->has(GreHeader::version_bits)) {
        verdict.fault = GreFault::version;
        return verdict;
    }
    if (header->has(GreHeader::refused_bits)) {
        verdict.fault = GreFault::source_routing;
        return verdict;
    }
    verdict.fields.length = header->length();
    verdict.fields.protocol = header->protocol.value();
    verdict.fields.has_checksum = header->has(GreHeader::checksum_bit);
    std::size_t at = sizeof(GreHeader) + (header->has(GreHeader::checksum_bit) ? 4 : 0);
    const auto next = [&packet, &at] {
        const std::uint32_t value = view<GreField>(after(packet, at))->value.value();
        at += sizeof(GreField);
        return value;
    };
    if (header->has(GreHeader::key_bit)) {
        verdict.fields.key = next();
    }
    if (header->has(GreHeader::sequence_bit)) {
        verdict.fields.sequence = next();
    }
    return verdict;
}

}  // namespace vnet::wire
