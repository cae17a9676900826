// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "plugins/mss-clamp/mss_option.hpp"
#include "vnet/wire/checksum.hpp"

/// Two bytes of a limit, then a TCP segment. What is not clamped is as it was; what is keeps its
/// length, changes nothing behind its options, is as right as it was, and needs no clamping again.
namespace {

using namespace mss_clamp;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

bool right(std::span<const std::byte> segment) {
    return vnet::wire::InternetSum().add(segment).is_valid();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2 || size > 2000) {
        return 0;
    }
    const auto most = uint16_t(data[0] << 8 | data[1]);
    const auto bytes = std::as_bytes(std::span(data + 2, size - 2));
    // Of its own, so that a byte behind the segment is found out.
    std::vector<std::byte> segment(bytes.begin(), bytes.end());
    if (segment.size() >= 20) {
        // Without its pseudo header, which no option changes.
        segment[16] = segment[17] = std::byte(0);
        const auto checksum = vnet::wire::internet_checksum(segment).value();
        segment[16] = std::byte(checksum >> 8);
        segment[17] = std::byte(checksum & 0xff);
    }
    const std::vector<std::byte> before = segment;
    const Outcome outcome = clamp(segment, most);
    require(segment.size() == before.size());
    if (outcome != Outcome::clamped) {
        require(segment == before);
        return 0;
    }
    require(right(segment));
    const size_t behind = size_t(before[12]) / 16 * 4;
    require(
        std::equal(segment.begin() + long(behind), segment.end(), before.begin() + long(behind)));
    require(clamp(segment, most) == Outcome::unchanged);
    return 0;
}
