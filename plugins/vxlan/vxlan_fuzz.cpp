// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "graph/testing/bench.hpp"
#include "plugins/vxlan/decap.hpp"
#include "plugins/vxlan/segment_encap.hpp"
#include "plugins/vxlan/segments.hpp"
#include "vnet/router.hpp"
#include "vnet/wire/udp.hpp"
#include "vnet/wire/vxlan.hpp"

/// One byte of kinds, then what is behind the outer IP header: whatever it says, and in however
/// many buffers it lies. A frame that comes out is a part of it, but for its ECN; it begins with an
/// Ethernet header, and its interface is that of its VNI. Sent back, it comes out again.
namespace {

using namespace vxlan;
using vnet::tunnel::PointToPoint;
using vnet::wire::IpProtocol;

constexpr uint32_t vni = 9;
constexpr uint32_t vni_of_many = 10;
constexpr Ip4Address local4(10, 0, 2, 1);
constexpr Ip4Address remote4(198, 51, 100, 7);
constexpr Ip6Address local6(0x20010db800020000, 1);
constexpr Ip6Address remote6(0x20010db800070000, 7);

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}
void require(const absl::Status& status) {
    require(status.ok());
}
template <class T>
T must(absl::StatusOr<T> value) {
    require(value.ok());
    return std::move(*value);
}

/// Where frames end that come out of tunnels.
struct Ends {
    static constexpr auto info = graph::node("fuzz-ends");
    struct Frame {
        Index interface;
        std::vector<std::byte> bytes;
    };
    mutable std::vector<Frame> frames;

    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        for (const graph::Packet* packet : packets) {
            Frame& frame = frames.emplace_back(Frame{packet->meta().rx_interface, {}});
            for (const rte_mbuf* part = packet->mbuf(); part != nullptr; part = part->next) {
                const auto* begin = rte_pktmbuf_mtod(part, const std::byte*);
                frame.bytes.insert(frame.bytes.end(), begin, begin + part->data_len);
            }
        }
        graph::free_packets(packets);
    }
};

/// A router with a tunnel between two and one to many, over both families.
class World {
public:
    World() {
        graph::Graph& graph = engine_->graph();
        graph::ArcId arc = 0;
        while (graph.arcs()[arc].spec.name != "device-input") {
            ++arc;
        }
        (void)must(graph.add(ends_));
        (void)must(graph.add(std::make_shared<const Decap<vnet::ip4::Family>>(
            router_->interfaces(), tunnels_, tables_, arc)));
        (void)must(graph.add(std::make_shared<const Decap<vnet::ip6::Family>>(
            router_->interfaces(), tunnels_, tables_, arc)));
        require(graph.add_feature("device-input", {"fuzz-ends", {}, {"worker-handoff"}}));
        graph.link("tunnel4-input", "vxlan4-decap");
        graph.link("tunnel6-input", "vxlan6-decap");
        require(engine_->commit());
        tunnels_.set_tx_node(graph.find("drop"));
        add("four", vnet::tunnel::Ends<Ip4Address>{local4, remote4});
        add("six", vnet::tunnel::Ends<Ip6Address>{local6, remote6});
        segments_ = std::make_unique<Segments>(
            Segments::Parts{*engine_, router_->interfaces(), router_->tunnels(), tables_},
            graph.find("drop"));
        add_many("many4", Ip6Address::mapped(local4));
        add_many("many6", local6);
        engine_->rcu().flush();
        engine_->take_up_here();
    }

    void try_one(uint8_t kind, std::span<const std::byte> behind) {
        const bool is_ip6 = (kind & 1) != 0;
        graph::Packet* packet = make(kind, behind);
        if (packet == nullptr) {
            return;
        }
        ends_->frames.clear();
        graph::Dispatch& dispatch = engine_->workers().front()->dispatch();
        dispatch.tick();
        dispatch.enqueue(*packet, engine_->graph().find(is_ip6 ? "vxlan6-decap" : "vxlan4-decap"));
        dispatch.drain();
        require(ends_->frames.size() <= 1);
        segments_->learn();
        if (ends_->frames.empty()) {
            return;
        }
        const Ends::Frame& frame = ends_->frames.front();
        const auto& udp = *vnet::wire::view<vnet::wire::UdpHeader>(behind);
        const auto& vxlan = *vnet::wire::view<vnet::wire::VxlanHeader>(behind.subspan(8));
        require(vxlan.has_vni() && frame.bytes.size() >= 14);
        require(frame.bytes.size() == udp.length.value() - 16U);
        require(vxlan.vni() == (frame.interface <= two_ ? vni : vni_of_many));
        // An outer packet that says nothing of congestion changes nothing.
        require((kind & 0x0c) != 0 ||
                std::equal(frame.bytes.begin(), frame.bytes.end(), behind.begin() + 16));
    }

private:
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 256;
        return must(graph::Engine::create(options));
    }
    template <class Ends>
    void add(const char* name, const Ends& ends) {
        PointToPoint::Spec spec;
        spec.ends = ends;
        spec.number = number_of(4789, vni);
        spec.behind = {{IpProtocol::udp, header(4789, vni)}};
        spec.mac = vnet::wire::MacAddress::from_uint64(0x020000000001);
        two_ = must(tunnels_.add(name, std::move(spec)));
        take_frames(name, two_);
    }
    void add_many(const char* name, Ip6Address local) {
        Segments::Spec spec;
        spec.local = local;
        spec.port = 4789;
        spec.vni = vni_of_many;
        spec.mac_limit = 16;
        take_frames(name, must(segments_->add(name, spec)));
    }
    void take_frames(const char* name, Index index) {
        require(router_->interfaces().set_up(name, true));
        require(engine_->graph().set_feature("device-input", "fuzz-ends", index, true));
    }
    /// As the node in front leaves it: the UDP datagram fits the packet.
    graph::Packet* make(uint8_t kind, std::span<const std::byte> behind) {
        const auto* udp = vnet::wire::view<vnet::wire::UdpHeader>(behind);
        if (udp == nullptr || !udp->length_fits(behind.size())) {
            return nullptr;
        }
        graph::Packet* packet = engine_->pool().allocate();
        require(packet != nullptr);
        const auto ecn = uint8_t(kind >> 2 & 3);
        std::vector<std::byte> bytes;
        const auto put = [&bytes](const auto& what) {
            const auto added = std::as_bytes(std::span(&what, 1));
            bytes.insert(bytes.end(), added.begin(), added.end());
        };
        const bool is_ip6 = (kind & 1) != 0;
        if (is_ip6) {
            vnet::wire::Ip6Header ip;
            ip.source = remote6;
            ip.destination = local6;
            ip.next_header_number = uint8_t(IpProtocol::udp);
            ip.set_traffic_class(ecn);
            put(ip);
        } else {
            vnet::wire::Ip4Header ip;
            ip.source = remote4;
            ip.destination = local4;
            ip.protocol_number = uint8_t(IpProtocol::udp);
            ip.dscp_ecn = ecn;
            put(ip);
        }
        const size_t ip_length = bytes.size();
        bytes.insert(bytes.end(), behind.begin(), behind.end());
        // All in one buffer, or the rest in a second.
        const size_t first =
            (kind & 2) != 0 ? std::min(bytes.size(), ip_length + 8 + (kind >> 4)) : bytes.size();
        fill(*packet, std::span(bytes).first(first));
        if (first != bytes.size()) {
            graph::Packet* second = engine_->pool().allocate();
            require(second != nullptr);
            fill(*second, std::span(bytes).subspan(first));
            packet->mbuf()->next = second->mbuf();
            packet->mbuf()->nb_segs = 2;
            packet->mbuf()->pkt_len = uint32_t(bytes.size());
        }
        packet->meta().rx_interface = two_;
        packet->meta().l4_offset = uint16_t(ip_length);
        return packet;
    }
    static void fill(graph::Packet& packet, std::span<const std::byte> bytes) {
        require(packet.resize(uint32_t(bytes.size())));
        std::copy(bytes.begin(), bytes.end(), packet.data());
    }

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    std::unique_ptr<vnet::Router> router_ = must(vnet::Router::create(*engine_));
    std::shared_ptr<const Ends> ends_ = std::make_shared<const Ends>();
    PointToPoint tunnels_{
        {*engine_, router_->interfaces(), router_->tunnels()}, "vxlan", PointToPoint::Layouts::one};
    SegmentTables tables_{engine_->rcu(), 1};
    std::unique_ptr<Segments> segments_;
    Index two_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    // For as long as the program runs.
    static World& world = *new World;
    if (size < 1 || size > 1900) {
        return 0;
    }
    world.try_one(data[0], std::as_bytes(std::span(data + 1, size - 1)));
    return 0;
}
