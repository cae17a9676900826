// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

/// IPv4 datagrams put together and taken apart byte by byte, by nothing that the router uses: what
/// its work is measured by.
namespace nat44::testing {

using Bytes = std::vector<std::byte>;

inline void put16(Bytes& to, size_t at, uint32_t value) {
    to[at] = std::byte(value >> 8);
    to[at + 1] = std::byte(value);
}
inline void put32(Bytes& to, size_t at, uint32_t value) {
    put16(to, at, value >> 16);
    put16(to, at + 2, value);
}
inline uint16_t get16(std::span<const std::byte> from, size_t at) {
    return uint16_t(uint32_t(from[at]) << 8 | uint32_t(from[at + 1]));
}
inline uint32_t get32(std::span<const std::byte> from, size_t at) {
    return uint32_t{get16(from, at)} << 16 | get16(from, at + 2);
}

/// Ones' complement sum of words (RFC 1071), zero written as 0xffff, its other form.
inline uint16_t plain_sum(std::span<const std::byte> bytes, uint32_t sum = 0) {
    for (size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? uint32_t(bytes[i]) << 8 : uint32_t(bytes[i]);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum == 0 ? uint16_t(0xffff) : uint16_t(sum);
}

/// A datagram, in one piece.
struct Datagram {
    static constexpr uint8_t icmp_number = 1;
    static constexpr uint8_t tcp_number = 6;
    static constexpr uint8_t udp_number = 17;

    uint32_t source = 0;
    uint32_t destination = 0;
    uint8_t protocol = 0;
    uint8_t ttl = 64;
    uint16_t id = 0;
    Bytes options;
    Bytes l4;

    bool has_ports() const { return protocol == tcp_number || protocol == udp_number; }
    bool is_icmp() const { return protocol == icmp_number; }
    /// Where its checksum is; none where it has none.
    std::optional<size_t> checksum_at() const {
        return protocol == tcp_number   ? std::optional<size_t>(16)
               : protocol == udp_number ? std::optional<size_t>(6)
               : is_icmp()              ? std::optional<size_t>(2)
                                        : std::nullopt;
    }
    bool without_checksum() const {
        return !checksum_at() || (protocol == udp_number && get16(l4, 6) == 0);
    }
    /// All that a checksum covers, summed: 0xffff where it is right, and where it is not, the same
    /// for packets that are wrong by the same amount.
    uint16_t sum() const {
        if (is_icmp()) {
            return plain_sum(l4);
        }
        Bytes pseudo(12);
        put32(pseudo, 0, source);
        put32(pseudo, 4, destination);
        put16(pseudo, 8, protocol);
        put16(pseudo, 10, uint32_t(l4.size()));
        return plain_sum(l4, plain_sum(pseudo));
    }
    /// Lays the checksum, `wrong_by` off.
    void lay_checksum(uint16_t wrong_by = 0) {
        if (const auto at = checksum_at()) {
            put16(l4, *at, 0);
            const auto right = uint16_t(~sum());
            const uint32_t value = uint32_t{right} + wrong_by;
            put16(l4, *at, (value & 0xffff) + (value >> 16));
            if (protocol == udp_number && get16(l4, *at) == 0) {
                put16(l4, *at, 0xffff);
            }
        }
    }
    /// The frame of the bytes of its payload from one to another, cut as a fragment where that is
    /// not all.
    Bytes frame(uint64_t from_mac, uint64_t to_mac, size_t begin, size_t end) const {
        constexpr size_t l3 = 14;
        const size_t header = 20 + options.size();
        Bytes bytes(l3 + header);
        put16(bytes, 0, uint32_t(to_mac >> 32));
        put32(bytes, 2, uint32_t(to_mac));
        put16(bytes, 6, uint32_t(from_mac >> 32));
        put32(bytes, 8, uint32_t(from_mac));
        put16(bytes, 12, 0x0800);
        bytes[l3] = std::byte(0x40 | header / 4);
        put16(bytes, l3 + 2, uint32_t(header + end - begin));
        put16(bytes, l3 + 4, id);
        put16(bytes, l3 + 6, uint32_t(begin / 8) | (end < l4.size() ? 0x2000U : 0U));
        bytes[l3 + 8] = std::byte(ttl);
        bytes[l3 + 9] = std::byte(protocol);
        put32(bytes, l3 + 12, source);
        put32(bytes, l3 + 16, destination);
        std::copy(options.begin(), options.end(), bytes.begin() + l3 + 20);
        put16(bytes, l3 + 10, uint16_t(~plain_sum(std::span(bytes).subspan(l3, header))));
        bytes.insert(bytes.end(), l4.begin() + ptrdiff_t(begin), l4.begin() + ptrdiff_t(end));
        return bytes;
    }
    Bytes frame(uint64_t from_mac, uint64_t to_mac) const {
        return frame(from_mac, to_mac, 0, l4.size());
    }
};

/// Puts frames together to datagrams again, by identification.
class Collected {
public:
    /// False where it is no right IPv4 header, or overlaps what is there.
    bool add(std::span<const std::byte> frame) {
        const auto ip = frame.subspan(14);
        const size_t header = (size_t(ip[0]) & 0xf) * 4;
        const size_t length = get16(ip, 2);
        if (length > ip.size() || plain_sum(ip.first(header)) != 0xffff) {
            return false;
        }
        const uint16_t id = get16(ip, 4);
        if (!datagrams_.contains(id)) {
            order_.push_back(id);
        }
        Part& part = datagrams_[id];
        ++part.frames;
        Datagram& datagram = part.datagram;
        datagram.id = id;
        datagram.ttl = uint8_t(ip[8]);
        datagram.protocol = uint8_t(ip[9]);
        datagram.source = get32(ip, 12);
        datagram.destination = get32(ip, 16);
        datagram.options.assign(ip.begin() + 20, ip.begin() + ptrdiff_t(header));
        const size_t begin = (get16(ip, 6) & 0x1fffU) * 8;
        const auto payload = ip.subspan(header, length - header);
        datagram.l4.resize(std::max(datagram.l4.size(), begin + payload.size()));
        std::copy(payload.begin(), payload.end(), datagram.l4.begin() + ptrdiff_t(begin));
        part.bytes += payload.size();
        part.last = part.last || (get16(ip, 6) & 0x2000U) == 0;
        return part.bytes <= datagram.l4.size();
    }
    /// The datagram that has a number, where all of it is there.
    const Datagram* find(uint16_t id) const {
        const auto at = datagrams_.find(id);
        const bool whole = at != datagrams_.end() && at->second.last &&
                           at->second.bytes == at->second.datagram.l4.size();
        return whole ? &at->second.datagram : nullptr;
    }
    /// Pieces of one that were there.
    size_t frames(uint16_t id) const {
        const auto at = datagrams_.find(id);
        return at == datagrams_.end() ? 0 : at->second.frames;
    }
    /// As the first frame of each came.
    const std::vector<uint16_t>& order() const { return order_; }

private:
    struct Part {
        Datagram datagram;
        size_t bytes = 0;
        size_t frames = 0;
        bool last = false;
    };
    std::map<uint16_t, Part> datagrams_;
    std::vector<uint16_t> order_;
};

}  // namespace nat44::testing
