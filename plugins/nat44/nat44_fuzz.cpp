// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "plugins/nat44/testing/rig.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/udp.hpp"

/// Frames come in by both interfaces of a router that translates, and take the whole way through
/// it. Each begins with two bytes: how it is made, and its length. Whatever happens, a packet
/// leaves, or is kept for a while, or its drop is counted; and when the sessions are ended nothing
/// is left of them.
namespace {

using namespace vnet;
using nat44::testing::Bytes;
using nat44::testing::Rig;
using nat44::testing::Sent;

namespace how {
/// It comes in by wan.
constexpr uint8_t from_wan = 1 << 0;
/// Checksums are made right first, so that the fuzzer comes behind them.
constexpr uint8_t right = 1 << 1;
/// It is between the ends of what left last by wan, turned round.
constexpr uint8_t answers = 1 << 2;
/// It is an ICMP error that quotes what left last by that interface.
constexpr uint8_t quotes = 1 << 3;
/// It is between the ends of what left last by lan, turned round.
constexpr uint8_t again = 1 << 4;
/// Together with the next one, as one vector.
constexpr uint8_t together = 1 << 5;
}  // namespace how

constexpr size_t l3 = sizeof(wire::EthernetHeader);
constexpr size_t most_frames = 24;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct Fuzzed {
    Fuzzed() {
        using wire::Ip4Address;
        nat44::PoolSettings shared;
        shared.name = "shared";
        shared.inside = {Ip4Address(10, 0, 0, 0), 8};
        shared.sessions_per_host = 64;
        nat44::PoolSettings open = shared;
        open.name = "open";
        open.inside = {Ip4Address(10, 1, 0, 0), 16};
        open.mapping = nat44::MappingKind::endpoint_independent;
        open.filtering = nat44::Filtering::endpoint_independent;
        nat44::PoolSettings blocks = open;
        blocks.name = "blocks";
        blocks.inside = {Ip4Address(10, 2, 0, 0), 16};
        blocks.block_size = 64;
        blocks.ports = {1024, 1279};
        rig.add_pool(shared, {Ip4Address(198, 51, 100, 1), Ip4Address(198, 51, 100, 1)});
        rig.add_pool(open, {Ip4Address(198, 51, 100, 2), Ip4Address(198, 51, 100, 2)});
        rig.add_pool(blocks, {Ip4Address(198, 51, 100, 3), Ip4Address(198, 51, 100, 3)});
        nat44::StaticMapping one;
        one.outside = Ip4Address(198, 51, 100, 4);
        one.targets = {{Ip4Address(10, 3, 0, 4), 0, 1}};
        require(rig.nat().add_static(one).ok());
        nat44::StaticMapping web;
        web.outside = Ip4Address(198, 51, 100, 2);
        web.port = 80;
        web.protocol = 6;
        web.twice = true;
        web.targets = {{Ip4Address(10, 1, 0, 9), 8080, 1}};
        require(rig.nat().add_forward(web).ok());
        require(rig.router().flows().set_capacity(1024).ok());
        rig.take_up();
    }

    Rig rig;
    /// What left last by lan and by wan.
    Bytes left[2];
};

/// The frame is between the ends of another one, turned round.
void turn_round(Bytes& frame, const Bytes& other) {
    if (frame.size() < l3 + 24 || other.size() < l3 + 24) {
        return;
    }
    const size_t header = (size_t(other[l3]) & 15) * 4;
    std::copy_n(&other[l3 + 12], 4, &frame[l3 + 16]);
    std::copy_n(&other[l3 + 16], 4, &frame[l3 + 12]);
    frame[l3 + 9] = other[l3 + 9];
    const size_t own_header = (size_t(frame[l3]) & 15) * 4;
    if (frame.size() < l3 + own_header + 8 || other.size() < l3 + header + 8) {
        return;
    }
    std::byte* const to = &frame[l3 + own_header];
    const std::byte* const from = &other[l3 + header];
    if (other[l3 + 9] == std::byte(1)) {
        std::copy_n(from + 4, 2, to + 4);
    } else {
        std::copy_n(from, 2, to + 2);
        std::copy_n(from + 2, 2, to);
    }
}

/// The frame becomes an error about another one.
void quote(Bytes& frame, const Bytes& other) {
    if (frame.size() < l3 + 28 || other.size() < l3 + 20) {
        return;
    }
    frame[l3] = std::byte(0x45);
    frame[l3 + 9] = std::byte(1);
    std::copy_n(&other[l3 + 12], 4, &frame[l3 + 16]);
    frame.resize(l3 + 28);
    frame.insert(frame.end(), other.begin() + l3,
                 other.begin() + ptrdiff_t(std::min<size_t>(other.size(), l3 + 200)));
    const auto length = uint16_t(frame.size() - l3);
    frame[l3 + 2] = std::byte(length >> 8);
    frame[l3 + 3] = std::byte(length);
}

void correct(Bytes& frame) {
    const auto bytes = wire::after(std::span(frame), l3);
    auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (ip == nullptr || wire::check_structure(*ip, bytes.size()) != wire::Ip4Fault::none) {
        return;
    }
    ip->checksum = {};
    ip->checksum = wire::internet_checksum(bytes.first(ip->header_length()));
    const auto payload =
        bytes.subspan(ip->header_length(), ip->total_length.value() - ip->header_length());
    if (auto* icmp = wire::view<wire::Icmp4Header>(payload);
        icmp != nullptr && ip->protocol() == wire::IpProtocol::icmp) {
        icmp->checksum = {};
        icmp->checksum = wire::internet_checksum(payload);
    }
}

class Program {
public:
    Program(Fuzzed& fuzzed, std::span<const std::byte> bytes) : on_(fuzzed), bytes_(bytes) {}

    void run() {
        const unsigned free = on_.rig.engine().pool().available();
        std::vector<Bytes> vector;
        uint32_t by = 0;
        for (size_t frames = 0; bytes_.size() > 2 && frames < most_frames; ++frames) {
            const auto way = uint8_t(bytes_[0]);
            const uint32_t next_by = (way & how::from_wan) != 0 ? on_.rig.wan : on_.rig.lan;
            if (!vector.empty() && by != next_by) {
                pass(by, vector);
            }
            by = next_by;
            vector.push_back(make(way));
            if ((way & how::together) == 0) {
                pass(by, vector);
            }
        }
        pass(by, vector);
        on_.rig.end_sessions();
        require(on_.rig.table().counters().sessions.read() == 0);
        // Nobody has anything of what sessions were counted for.
        for (const auto& [name, pool] : on_.rig.nat().pools()) {
            require_unused(on_.rig.nat().use_of(pool));
        }
        require_unused(on_.rig.nat().use_of_statics());
        // What waits for other pieces gives up when its time is over, which is not waited for here;
        // what waits for control is taken by it.
        on_.rig.engine().control().poll();
        require(on_.rig.engine().pool().available() + most_frames >= free);
    }

private:
    static void require_unused(const nat44::PoolUse& use) {
        require(use.hosts == 0 && use.sessions == 0 && use.blocks == 0);
        for (const uint64_t ports : use.ports) {
            require(ports == 0);
        }
    }
    Bytes make(uint8_t way) {
        const size_t length = std::min<size_t>(size_t(bytes_[1]), bytes_.size() - 2);
        Bytes frame(l3);
        const bool wan = (way & how::from_wan) != 0;
        const uint64_t mac = wan ? Rig::wan_mac : Rig::lan_mac;
        for (unsigned i = 0; i < 6; ++i) {
            frame[i] = std::byte(mac >> (40 - 8 * i));
        }
        frame[6] = std::byte(2);
        frame[12] = std::byte(8);
        frame.insert(frame.end(), bytes_.begin() + 2, bytes_.begin() + 2 + ptrdiff_t(length));
        bytes_ = bytes_.subspan(2 + length);
        if ((way & how::answers) != 0) {
            turn_round(frame, on_.left[1]);
        } else if ((way & how::again) != 0) {
            turn_round(frame, on_.left[0]);
        }
        if ((way & how::quotes) != 0) {
            quote(frame, on_.left[wan ? 1 : 0]);
        }
        if ((way & how::right) != 0) {
            correct(frame);
        }
        return frame;
    }

    void pass(uint32_t by, std::vector<Bytes>& vector) {
        if (vector.empty()) {
            return;
        }
        graph::PacketPool& pool = on_.rig.engine().pool();
        const unsigned free = pool.available();
        const uint64_t dropped = on_.rig.dropped();
        const auto sent = on_.rig.run(by, vector);
        for (const Sent& one : sent) {
            check(one, by);
            on_.left[one.by == on_.rig.wan ? 1 : 0] = one.bytes;
        }
        // Pieces that waited, and leave now, are more than came.
        const unsigned now_free = pool.available();
        const uint64_t kept = free > now_free ? free - now_free : 0;
        const uint64_t ended = on_.rig.dropped() - dropped;
        const uint64_t joined = now_free > free ? now_free - free : 0;
        require(sent.size() + ended + kept + joined >= vector.size());
        vector.clear();
    }

    /// Whatever leaves is a right packet, and nobody inside is told of to the outside.
    void check(const Sent& sent, uint32_t by) {
        const auto packet = wire::after(std::span(sent.bytes), l3);
        if (sent.bytes[12] != std::byte(8) || sent.bytes[13] != std::byte(0)) {
            return;
        }
        require(wire::check_ip4(packet) == wire::Ip4Fault::none);
        require(wire::ip4_header_checksum_ok(packet));
        const auto* ip = wire::view<wire::Ip4Header>(packet);
        const uint32_t source = ip->source.value();
        const bool own = source == 0x0a000101 || source == 0x0a000201;
        require(sent.by != on_.rig.wan || by != on_.rig.lan || source >> 24 != 10 || own);
    }

    Fuzzed& on_;
    std::span<const std::byte> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // DPDK starts once, before the first frame; the router goes before it does.
    graph::testing::pool();
    static Fuzzed fuzzed;
    if (size <= 4096) {
        Program(fuzzed, std::as_bytes(std::span(data, size))).run();
    }
    return 0;
}
