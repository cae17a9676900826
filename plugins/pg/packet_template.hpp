// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "graph/limits.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/mac.hpp"

namespace pg {

/// Numbers that packets take in turn: `count` of them from `first` on, `step` apart. Addresses are
/// in host order.
struct Run {
    uint32_t first = 0;
    uint32_t count = 1;
    uint32_t step = 1;
};

/// What the packets of a stream look like.
struct PacketSpec {
    static constexpr uint32_t smallest = vnet::wire::shortest_ethernet_frame;
    static constexpr uint32_t largest = graph::buffer_bytes;

    /// Bytes of the Ethernet frame without its check sequence, least() at least.
    uint32_t size = smallest;
    /// RFC 2544 C.2.2: addresses for benchmarks.
    Run source{vnet::wire::Ip4Address(198, 18, 0, 1).value()};
    Run destination{vnet::wire::Ip4Address(198, 19, 0, 1).value()};
    /// Packets are of IPv6, and these are the addresses that `source` and `destination` count from:
    /// they then begin with 0.
    struct Ip6 {
        /// RFC 5180 8: addresses for benchmarks.
        vnet::wire::Ip6Address source{0x2001'0002'0000'0000, 1};
        vnet::wire::Ip6Address destination{0x2001'0002'0000'0001, 1};
    };
    std::optional<Ip6> ip6;
    /// udp, tcp or icmp, which is ICMPv6 in IPv6.
    vnet::wire::IpProtocol protocol = vnet::wire::IpProtocol::udp;
    Run source_port{1024};
    Run destination_port{9};
    uint32_t ttl = 64;
    vnet::wire::MacAddress source_mac = vnet::wire::MacAddress::from_uint64(0x0270'6700'0001);
    /// None: the interface's own, whatever it is at the time.
    std::optional<vnet::wire::MacAddress> destination_mac;
    /// Numbers are taken at random, by this seed, not in turn.
    bool random = false;
    uint64_t seed = 1;

    /// Bytes of the shortest frame that holds the headers, and that a link carries.
    uint32_t least() const;
    /// OUT_OF_RANGE, INVALID_ARGUMENT with what would be accepted.
    absl::Status check() const;
    /// "60 B udp 198.18.0.1 -> 198.19.0.1 x 1000"
    std::string to_string() const;
};

/// Makes a stream's packets: a copy of one, with the fields that vary and the checksums they are in
/// put right. Used by one worker.
class PacketTemplate {
public:
    /// `spec` must have passed its check.
    explicit PacketTemplate(const PacketSpec& spec);

    uint32_t size() const noexcept { return size_; }
    /// For a stream that follows its interface. `mac` as in interface::Hot.
    void set_destination_mac(uint64_t mac) noexcept {
        if (mac != destination_mac_) [[unlikely]] {
            put_destination_mac(mac);
        }
    }
    /// Writes the next packet; there must be room for size() bytes.
    void write(std::byte* to) noexcept;
    /// The next packet is the first again.
    void rewind() noexcept;

private:
    struct Cursor {
        explicit Cursor(const Run& numbers) : run(numbers) {}
        uint32_t next(uint32_t random) noexcept {
            return run.first + uint32_t(uint64_t(random) * run.count >> 32) * run.step;
        }
        uint32_t next() noexcept {
            const uint32_t number = run.first + at * run.step;
            at = at + 1 == run.count ? 0 : at + 1;
            return number;
        }
        Run run;
        uint32_t at = 0;
    };
    void put_destination_mac(uint64_t mac) noexcept;
    void patch(std::byte* packet) noexcept;
    size_t write_ip4(const PacketSpec& spec) noexcept;
    size_t write_ip6(const PacketSpec& spec) noexcept;
    void write_l4(size_t l4_bytes) noexcept;
    vnet::wire::InternetSum put_addresses(std::byte* packet, uint32_t source,
                                          uint32_t destination) const noexcept;
    uint64_t next_random() noexcept;

    alignas(64) std::array<std::byte, PacketSpec::largest> bytes_{};
    uint32_t size_;
    bool varies_;
    bool random_;
    vnet::wire::IpProtocol protocol_;
    std::optional<PacketSpec::Ip6> ip6_;
    /// Where the header behind IP begins.
    size_t l4_offset_ = 0;
    uint64_t destination_mac_ = 0;
    uint64_t seed_;
    uint64_t random_state_;
    Cursor source_;
    Cursor destination_;
    Cursor source_port_;
    Cursor destination_port_;
    /// Sums of the headers without what varies.
    vnet::wire::InternetSum ip_sum_;
    vnet::wire::InternetSum l4_sum_;
};

}  // namespace pg
