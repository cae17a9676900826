// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>

#include "vnet/fib/adjacency.hpp"
#include "vnet/fragment/fragmenter.hpp"
#include "vnet/fragment/reassemble.hpp"
#include "vnet/fragment/testing/datagrams.hpp"
#include "vnet/fragment/virtual.hpp"
#include "vnet/wire/checksum.hpp"

/// Two machines. The first byte chooses.
///
/// 0: a store gets a sequence of fragments of four datagrams, four bytes each: which datagram, what
/// bytes, and time that goes by. A simple model says what must come of each of them.
///
/// Else: packets of any bytes, each with its length in front, to the nodes: reassembly, virtual
/// reassembly and fragmentation of both families. What leaves must be right packets, and what the
/// router is asked to cut must come out of reassembly as it was.
namespace {

using namespace vnet;
using namespace vnet::fragment;
using testing::Bytes;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

// ---- the store and its model ----

class Model final : public Losses {
public:
    void run(std::span<const uint8_t> steps) {
        Store store(7);
        Limits limits;
        limits.datagrams = 64;
        limits.buffers = 4096;
        limits.share = 100;
        limits.fragments = most_fragments;
        limits.timeout = timeout;
        store.set_limits(limits);
        for (; steps.size() >= 4; steps = steps.subspan(4)) {
            step(store, steps.first(4));
            require(store.datagrams() == datagrams_.size());
        }
        (void)store.expire(now_ + timeout, *this, ~0U);
        require(store.datagrams() == 0 && store.buffers() == 0);
    }
    void lost(graph::Packet& packet, Loss) noexcept override { graph::free_packet(&packet); }

private:
    static constexpr uint64_t timeout = 100;
    static constexpr uint32_t most_fragments = 16;
    static constexpr uint16_t header = 12;
    struct Datagram {
        uint64_t born = 0;
        bool refused = false;
        std::optional<uint32_t> total;
        /// By where they begin.
        std::map<uint32_t, Bytes> pieces;
    };
    enum class Expect { held, whole, lost };

    void step(Store& store, std::span<const uint8_t> step) {
        const uint32_t id = step[0] & 3;
        now_ += step[0] & 4 ? step[0] >> 4 : 0;
        Fragment one;
        one.key.identification = id;
        one.begin = uint16_t(step[1] * 8);
        one.more = (step[0] & 8) != 0;
        uint32_t length = 1 + (step[2] & 127);
        length = one.more ? (length + 7) & ~7U : length;
        one.end = uint16_t(one.begin + length);
        one.payload_offset = header;
        Bytes bytes(length);
        for (uint32_t i = 0; i < length; ++i) {
            bytes[i] = std::byte(one.begin + i + (step[3] & 1));
        }
        Bytes frame(header);
        frame.insert(frame.end(), bytes.begin(), bytes.end());
        graph::Packet* packet = testing::in_segments(frame, 8 + (step[3] >> 1));
        const Expect expected = expect(one, bytes);
        const auto taken = store.add(*packet, one, now_, *this);
        switch (expected) {
            case Expect::held:
                require(taken.answer == Store::Answer::held);
                return;
            case Expect::lost:
                require(taken.answer == Store::Answer::lost);
                return;
            case Expect::whole:
                break;
        }
        require(taken.answer == Store::Answer::whole);
        check(store.assemble(*taken.datagram, 65535, 0, *this), datagrams_[id]);
        datagrams_.erase(id);
    }

    Expect expect(const Fragment& one, const Bytes& bytes) {
        std::erase_if(datagrams_,
                      [&](const auto& entry) { return now_ - entry.second.born >= timeout; });
        Datagram& datagram =
            datagrams_.try_emplace(one.key.identification, Datagram{now_, false, {}, {}})
                .first->second;
        if (datagram.refused) {
            return Expect::lost;
        }
        const auto refuse = [&] {
            datagram.refused = true;
            datagram.pieces.clear();
            return Expect::lost;
        };
        uint32_t end = 0;
        uint32_t sum = uint32_t(bytes.size());
        bool overlaps = false;
        for (const auto& [begin, piece] : datagram.pieces) {
            const auto its_end = uint32_t(begin + piece.size());
            end = std::max(end, its_end);
            sum += uint32_t(piece.size());
            overlaps |= begin < one.end && its_end > one.begin;
        }
        if (datagram.total && (one.more ? one.end > *datagram.total : one.end != *datagram.total)) {
            return refuse();
        }
        if (!one.more && end > one.end) {
            return refuse();
        }
        if (const auto same = datagram.pieces.find(one.begin);
            same != datagram.pieces.end() && same->second == bytes) {
            return Expect::lost;
        }
        if (overlaps || datagram.pieces.size() == most_fragments) {
            return refuse();
        }
        datagram.pieces[one.begin] = bytes;
        if (!one.more) {
            datagram.total = one.end;
        }
        return datagram.total && sum == *datagram.total ? Expect::whole : Expect::held;
    }

    static void check(const Store::Assembled& whole, const Datagram& datagram) {
        require(whole.packet != nullptr);
        Bytes expected;
        for (const auto& [begin, piece] : datagram.pieces) {
            expected.insert(expected.end(), piece.begin(), piece.end());
        }
        require(whole.payload == expected.size());
        require(whole.packet->length() == header + expected.size());
        Bytes found(expected.size());
        require(ChainReader(*whole.packet, header).read(found));
        require(found == expected);
        graph::free_packet(whole.packet);
    }

    uint64_t now_ = 1000;
    std::map<uint32_t, Datagram> datagrams_;
};

// ---- the nodes ----

class Nodes {
public:
    Nodes() {
        fib::Adjacency adjacency;
        adjacency.mtu = 120;
        small_ = forwarding_.make(adjacency);
        const auto error = *bench_.slots().place<icmp4::ErrorRequest>("icmp4-error");
        const auto ports = *bench_.slots().place<Ports>("ports");
        const auto arc = [&](const char* name, std::string_view start, const char* end) {
            bench_.collector(end);
            return *bench_.graph().add_arc({name, graph::ArcSide::rx, {std::string(start)}, end});
        };
        const auto error6 = *bench_.slots().place<icmp6::ErrorRequest>("icmp6-error");
        bench_.add(std::make_shared<const Ip4Reassemble>(local4_, error));
        bench_.add(std::make_shared<const Ip6Reassemble>(local6_, error6));
        bench_.add(std::make_shared<const Ip4Fragmenter>(forwarding_, 1));
        bench_.add(std::make_shared<const Ip6Fragmenter>(forwarding_, 1, 5));
        bench_.add(std::make_shared<const Ip4VirtualReassembly>(pass4_, ports));
        bench_.add(std::make_shared<const Ip6VirtualReassembly>(pass6_, ports));
        bench_.collector("ip4-local");
        bench_.collector("ip6-local");
        arc4_ = arc("pass4", "ip4-local", "passed");
        arc6_ = arc("pass6", "ip6-local", "passed");
        for (const auto& [name, node] : {std::pair("pass4", Ip4::virtual_reassembly),
                                         std::pair("pass6", Ip6::virtual_reassembly)}) {
            require(bench_.graph().add_feature(name, {std::string(node), {}, {}}).ok());
        }
        bench_.build();
        free_ = graph::testing::pool().available();
    }

    void run(uint8_t how, std::span<const uint8_t> data) {
        Settings settings;
        settings.datagrams = 3;
        settings.buffers = 64;
        settings.fragments = 5;
        for (Stores* stores : {&local4_, &local6_, &pass4_, &pass6_}) {
            stores->set(settings);
        }
        while (data.size() > 2) {
            const size_t length = std::min<size_t>(data[0] | (data[1] & 7) << 8, data.size() - 2);
            packet(how, data.subspan(2, length));
            data = data.subspan(2 + length);
        }
        settings.timeout_ms = 0;
        for (Stores* stores : {&local4_, &local6_, &pass4_, &pass6_}) {
            require(stores->counters(0).buffers.read() <= 64);
            require(stores->counters(0).datagrams.read() <= 3);
            stores->set(settings);
        }
        for (const std::string_view node :
             {Ip4::reassemble, Ip6::reassemble, Ip4::virtual_reassembly, Ip6::virtual_reassembly}) {
            graph::Packet* tick = graph::testing::pool().allocate();
            (void)bench_.run(std::string(node), {&tick, 1});
        }
        require(graph::testing::pool().available() == free_);
    }

private:
    void packet(uint8_t how, std::span<const uint8_t> data) {
        Bytes bytes(data.size());
        std::transform(data.begin(), data.end(), bytes.begin(),
                       [](uint8_t byte) { return std::byte(byte); });
        // As ip4-input and ip6-input leave them.
        const bool four = wire::check_ip4(bytes) == wire::Ip4Fault::none;
        const bool six = !four && wire::check_ip6(bytes) == wire::Ip6Fault::none;
        if (!four && !six) {
            return;
        }
        bytes.resize(four ? wire::view<wire::Ip4Header>(bytes)->total_length.value()
                          : wire::view<wire::Ip6Header>(bytes)->total_length());
        if (four) {
            auto* ip = wire::view<wire::Ip4Header>(bytes);
            ip->checksum = {};
            ip->checksum = wire::internet_checksum(std::span(bytes).first(ip->header_length()));
        }
        const size_t segment = how & 1 ? 64 : 2000;
        const auto send = [&](std::string_view node, graph::ArcId arc) {
            graph::Packet* one = testing::in_segments(bytes, segment);
            one->meta().rx_interface = 1;
            one->meta().arc = arc;
            one->meta().adjacency = forwarding_.at(small_);
            return bench_.run(std::string(node), {&one, 1});
        };
        if (how & 2) {
            check(send(four ? Ip4::virtual_reassembly : Ip6::virtual_reassembly,
                       four ? arc4_ : arc6_));
        } else if (how & 4) {
            check(send(four ? "ip4-fragment" : "ip6-fragment", 0));
        } else {
            check(send(four ? Ip4::reassemble : Ip6::reassemble, 0));
        }
    }
    /// What is not dropped is right.
    static void check(const std::vector<graph::testing::Result>& results) {
        for (const auto& result : results) {
            if (result.next == "drop") {
                continue;
            }
            const bool six = uint8_t(result.bytes.at(0)) >> 4 == 6;
            require(six ? wire::check_ip6(result.bytes) == wire::Ip6Fault::none
                        : wire::check_ip4(result.bytes) == wire::Ip4Fault::none);
            if (result.next == "ip4-deliver") {
                const auto* ip = wire::view<wire::Ip4Header>(result.bytes);
                require(ip->total_length.value() == result.bytes.size());
            }
            if (result.next == "ip6-deliver") {
                require(wire::view<wire::Ip6Header>(result.bytes)->total_length() ==
                        result.bytes.size());
            }
            if (result.next == "ip4-rewrite") {
                require(wire::ip4_header_checksum_ok(std::span(result.bytes)));
                require(result.bytes.size() <= 120);
            }
            if (result.next == "ip6-rewrite") {
                require(result.bytes.size() <= 120);
            }
        }
    }

    std::unique_ptr<graph::Engine> engine_ = testing::make_engine();
    graph::testing::Bench bench_;
    fib::ForwardingTable forwarding_{engine_->rcu()};
    fib::PathIndex small_ = 0;
    Stores local4_{*engine_, 1, Settings{}};
    Stores local6_{*engine_, 2, Settings{}};
    Stores pass4_{*engine_, 3, Settings{}};
    Stores pass6_{*engine_, 4, Settings{}};
    graph::ArcId arc4_ = 0;
    graph::ArcId arc6_ = 0;
    unsigned free_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // DPDK starts once, before the first packet; the nodes go before it does.
    graph::testing::pool();
    static Nodes nodes;
    if (size == 0 || size > 8192) {
        return 0;
    }
    const auto rest = std::span(data + 1, size - 1);
    if (data[0] == 0) {
        const unsigned free = graph::testing::pool().available();
        Model().run(rest.first(std::min<size_t>(rest.size(), 1024)));
        require(graph::testing::pool().available() == free);
    } else {
        nodes.run(data[0], rest);
    }
    return 0;
}
