// SPDX-License-Identifier: Apache-2.0
#include "perf/measure.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <cstring>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/udp.hpp"

namespace perf {

namespace wire = vnet::wire;

namespace {

constexpr double warm_up_seconds = 0.1;
constexpr uint64_t warm_up_packets = 4096;
constexpr size_t ip_offset = sizeof(wire::EthernetHeader);

/// A UDP header at an offset, for what is behind it.
void put_udp(std::vector<std::byte>& frame, size_t offset) {
    auto* udp = wire::view<wire::UdpHeader>(frame.data() + offset, frame.size() - offset);
    if (udp == nullptr) {
        // The shortest frame holds none behind an IPv6 header; nobody on the path looks for it.
        return;
    }
    udp->source_port = wire::Be16(1024);
    udp->destination_port = wire::Be16(9);
    udp->length = wire::Be16(uint16_t(frame.size() - offset));
}

std::vector<std::byte> make_frame(unsigned size, uint64_t router_mac, wire::EtherType type) {
    std::vector<std::byte> frame(size);
    auto* ethernet = wire::view<wire::EthernetHeader>(frame.data(), frame.size());
    ethernet->destination = wire::MacAddress::from_uint64(router_mac);
    ethernet->source = wire::MacAddress::from_uint64(0x02fe00000001);
    ethernet->type = wire::to_be(type);
    std::byte* const at = frame.data() + ip_offset;
    if (type == wire::EtherType::ip6) {
        auto* ip = wire::view<wire::Ip6Header>(at, frame.size() - ip_offset);
        *ip = wire::Ip6Header{};
        ip->payload_length = wire::Be16(uint16_t(size - ip_offset - sizeof(wire::Ip6Header)));
        ip->next_header_number = uint8_t(wire::IpProtocol::udp);
        ip->hop_limit = 64;
        ip->source = wire::Ip6Address(0x20010db800010000, 2);
        put_udp(frame, ip_offset + sizeof(wire::Ip6Header));
        return frame;
    }
    auto* ip = wire::view<wire::Ip4Header>(at, frame.size() - ip_offset);
    *ip = wire::Ip4Header{};
    ip->total_length = wire::Be16(uint16_t(size - ip_offset));
    ip->ttl = 64;
    ip->protocol_number = uint8_t(wire::IpProtocol::udp);
    ip->source = wire::Ip4Address(10, 0, 1, 2);
    put_udp(frame, ip_offset + sizeof(wire::Ip4Header));
    return frame;
}

std::shared_ptr<graph::Source> queue_of(graph::Engine& engine, vnet::Router& router,
                                        std::string_view interface) {
    for (const graph::Polled& polled : engine.placement().of(0)) {
        if (router.interfaces().name_of(polled.source->id().interface) == interface) {
            return polled.source;
        }
    }
    return nullptr;
}

}  // namespace

Measure::Measure(graph::Engine& engine, vnet::Router& router, const Ends& ends, const Path& path,
                 const Load& load)
    : engine_(engine),
      dispatch_(engine.workers().front()->dispatch()),
      ends_(ends),
      destinations_(path.destinations ? path.destinations() : decltype(destinations_)()),
      destinations6_(path.destinations6 ? path.destinations6() : decltype(destinations6_)()),
      macs_(path.macs ? path.macs() : Macs()),
      shape_(path.shape),
      load_(load),
      size_(load.size != 0 ? load.size : path.size),
      first_node_(engine.graph().find(std::string(path.first_node))),
      back_(queue_of(engine, router, path.back_by)),
      frame_(make_frame(size_, router.interfaces().hot(ends.in).mac.load(),
                        path.destinations6 ? wire::EtherType::ip6 : wire::EtherType::ip4)) {}

/// Lays the next destination.
void Measure::address(graph::Packet& packet) {
    const std::span<std::byte> bytes = packet.from_offset(ip_offset);
    if (!destinations6_.empty()) {
        wire::view<wire::Ip6Header>(bytes)->destination = destinations6_[next_];
    } else {
        auto* ip = wire::view<wire::Ip4Header>(bytes);
        ip->destination = destinations_[next_];
        ip->checksum = wire::ip4_header_checksum(*ip);
    }
    const size_t all = destinations6_.empty() ? destinations_.size() : destinations6_.size();
    next_ = next_ + 1 == all ? 0 : next_ + 1;
}

bool Measure::generate() {
    graph::Frame* frame = dispatch_.take_frame();
    if (frame == nullptr) {
        return false;
    }
    frame->size = uint16_t(load_.vector);
    if (!engine_.pool().allocate(frame->used())) {
        dispatch_.give_frame(frame);
        return false;
    }
    for (graph::Packet* packet : frame->used()) {
        packet->resize(size_);
        std::memcpy(packet->data(), frame_.data(), frame_.size());
        address(*packet);
        if (!macs_.sources.empty()) {
            auto* ethernet = wire::view<wire::EthernetHeader>(packet->bytes());
            ethernet->destination = macs_.destinations[random_() % macs_.destinations.size()];
            ethernet->source = macs_.sources[random_() % macs_.sources.size()];
        }
        if (shape_) {
            shape_(*packet, made_++);
        }
        packet->meta().rx_interface = ends_.in;
    }
    dispatch_.enqueue(frame, first_node_);
    return true;
}

void Measure::take_back() {
    unsigned away = load_.vector;
    while (away != 0) {
        // What Worker::round() does with a source.
        dispatch_.tick();
        dispatch_.begin_input(back_->node());
        const unsigned count = back_->poll(dispatch_);
        if (count == 0) {
            // Nobody else has them: they will not come any more.
            break;
        }
        dispatch_.end_input(count);
        dispatch_.drain();
        away -= std::min(away, count);
    }
    lost_ += away;
}

uint64_t Measure::rounds(double seconds, uint64_t packets) {
    const uint64_t end = rte_rdtsc() + uint64_t(seconds * double(rte_get_tsc_hz()));
    uint64_t done = 0;
    while (packets != 0 ? done < packets : rte_rdtsc() < end) {
        if (!generate()) {
            break;
        }
        const uint64_t begin = rte_rdtsc();
        dispatch_.tick();
        dispatch_.drain();
        if (back_ != nullptr) {
            take_back();
        }
        clocks_ += rte_rdtsc() - begin;
        done += load_.vector;
    }
    return done;
}

Result Measure::run() {
    load_.packets != 0 ? rounds(0, warm_up_packets) : rounds(warm_up_seconds, 0);
    engine_.clear_counters();
    clocks_ = 0;
    lost_ = 0;
    Result result;
    result.packets = rounds(load_.seconds, load_.packets);
    for (const auto& ranked : engine_.version()->nodes) {
        const graph::NodeTotals totals = engine_.totals(ranked.id);
        if (totals.packets == 0) {
            continue;
        }
        result.nodes.push_back({engine_.graph().name_of(ranked.id),
                                double(totals.clocks) / double(result.packets),
                                double(totals.packets) / double(totals.calls),
                                double(totals.packets) / double(result.packets)});
    }
    result.clocks_per_packet = double(clocks_) / double(result.packets);
    for (size_t drop = 0; drop < engine_.graph().drops().size(); ++drop) {
        result.dropped += engine_.drops(graph::DropId(drop));
    }
    // What a node dropped on the way out does not come back either.
    result.dropped = std::max(result.dropped, lost_);
    return result;
}

}  // namespace perf
