// SPDX-License-Identifier: Apache-2.0
#include "perf/memif_load.hpp"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <cstring>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/udp.hpp"

namespace perf {

namespace wire = vnet::wire;

namespace {

/// Behind the UDP header of each packet. Only this program reads it, on the machine that wrote it.
struct [[gnu::packed]] Stamp {
    uint64_t number;
    uint64_t sent_tsc;
    uint16_t load;
};

constexpr size_t ip_offset = sizeof(wire::EthernetHeader);
constexpr size_t udp_offset = ip_offset + sizeof(wire::Ip4Header);
constexpr size_t stamp_offset = udp_offset + sizeof(wire::UdpHeader);
constexpr uint8_t ttl = 64;
static_assert(stamp_offset + sizeof(Stamp) <= wire::shortest_ethernet_frame);

/// A late packet may still come for so long.
constexpr double drain_seconds = 0.05;

}  // namespace

void LoadGenerator::begin(const LoadShape& shape) {
    template_.fill(std::byte{0});
    auto* ethernet = wire::view<wire::EthernetHeader>(template_.data(), template_.size());
    ethernet->destination = shape.router;
    ethernet->source = shape.source_mac;
    ethernet->type = wire::to_be(wire::EtherType::ip4);
    auto* ip =
        wire::view<wire::Ip4Header>(template_.data() + ip_offset, template_.size() - ip_offset);
    *ip = wire::Ip4Header{};
    ip->total_length = wire::Be16(uint16_t(shape.size - ip_offset));
    ip->ttl = ttl;
    ip->protocol_number = uint8_t(wire::IpProtocol::udp);
    ip->source = shape.source;
    ip->checksum = wire::ip4_header_checksum(*ip);
    auto* udp =
        wire::view<wire::UdpHeader>(template_.data() + udp_offset, template_.size() - udp_offset);
    udp->source_port = wire::Be16(1024);
    udp->destination_port = wire::Be16(9);
    udp->length = wire::Be16(uint16_t(shape.size - udp_offset));
    result_ = LoadResult();
    ++load_;
    next_number_ = newest_ = 0;
    calls_ = full_calls_ = received_any_ = 0;
}

void LoadGenerator::fill(rte_mbuf& packet, uint64_t now, const LoadShape& shape) {
    auto* data = rte_pktmbuf_mtod(&packet, std::byte*);
    std::memcpy(data, template_.data(), shape.size);
    packet.data_len = uint16_t(shape.size);
    packet.pkt_len = shape.size;
    auto* ip = wire::view<wire::Ip4Header>(data + ip_offset, shape.size - ip_offset);
    const wire::Ip4Address destination = shape.destinations[next_destination_];
    next_destination_ =
        next_destination_ + 1 == shape.destinations.size() ? 0 : next_destination_ + 1;
    ip->checksum = wire::update_checksum(ip->checksum, ip->destination, destination);
    ip->destination = destination;
    const Stamp stamp{next_number_++, now, load_};
    std::memcpy(data + stamp_offset, &stamp, sizeof(stamp));
}

void LoadGenerator::send(const LoadShape& shape, uint64_t now) {
    if (first_waiting_ == after_waiting_) {
        if (rte_pktmbuf_alloc_bulk(pool_, waiting_.data(), shape.burst) != 0) {
            return;
        }
        for (unsigned i = 0; i < shape.burst; ++i) {
            fill(*waiting_[i], now, shape);
        }
        first_waiting_ = 0;
        after_waiting_ = shape.burst;
    }
    const unsigned wanted = after_waiting_ - first_waiting_;
    const uint16_t sent =
        rte_eth_tx_burst(out_, 0, waiting_.data() + first_waiting_, uint16_t(wanted));
    first_waiting_ += sent;
    result_.sent += sent;
    ++calls_;
    full_calls_ += sent != wanted;
}

const wire::Ip4Header* LoadGenerator::take(const rte_mbuf& packet, uint64_t now) {
    const auto* data = rte_pktmbuf_mtod(&packet, const std::byte*);
    const auto* ethernet = wire::view<wire::EthernetHeader>(data, packet.data_len);
    const auto* ip =
        packet.data_len < stamp_offset + sizeof(Stamp)
            ? nullptr
            : wire::view<wire::Ip4Header>(data + ip_offset, packet.data_len - ip_offset);
    if (ethernet != nullptr && ethernet->type == wire::to_be(wire::EtherType::arp)) {
        // The router tells its neighbours who it is whenever a link has come up.
        return nullptr;
    }
    if (ip == nullptr || ethernet->type != wire::to_be(wire::EtherType::ip4) ||
        ip->protocol_number != uint8_t(wire::IpProtocol::udp) || ip->ttl != ttl - 1) {
        ++result_.strange;
        return nullptr;
    }
    Stamp stamp;
    std::memcpy(&stamp, data + stamp_offset, sizeof(stamp));
    ++received_any_;
    if (stamp.load != load_) {
        return ip;
    }
    ++result_.received;
    if (stamp.number < newest_) {
        ++result_.out_of_order;
    } else {
        newest_ = stamp.number;
    }
    result_.latency.add(now - stamp.sent_tsc);
    return ip;
}

unsigned LoadGenerator::receive() {
    std::array<rte_mbuf*, longest_burst> packets;
    const unsigned count = rte_eth_rx_burst(in_, 0, packets.data(), packets.size());
    if (count == 0) {
        return 0;
    }
    const uint64_t now = rte_rdtsc();
    const wire::Ip4Header* first = nullptr;
    for (unsigned i = 0; i < count; ++i) {
        if (i + 4 < count) {
            rte_prefetch0(rte_pktmbuf_mtod(packets[i + 4], void*));
        }
        const wire::Ip4Header* ip = take(*packets[i], now);
        first = first == nullptr ? ip : first;
    }
    // One that was changed is looked at in full; all of them would make the generator the slower.
    result_.strange += first != nullptr && !wire::ip4_header_checksum_ok(*first);
    rte_pktmbuf_free_bulk(packets.data(), count);
    return count;
}

LoadResult LoadGenerator::run(const LoadShape& shape) {
    const auto hz = double(rte_get_tsc_hz());
    const auto gap =
        shape.rate_mpps == 0 ? 0 : uint64_t(hz * shape.burst / (shape.rate_mpps * 1e6));
    // A generator that was away for longer than this does not catch up: the burst would be its
    // doing.
    const auto longest_lag = uint64_t(hz * 20e-6) + gap;

    const auto loop = [&](double seconds) {
        const uint64_t start = rte_rdtsc();
        const uint64_t end = start + uint64_t(hz * seconds);
        uint64_t due = start;
        uint64_t before = start;
        for (uint64_t now = start; now < end; now = rte_rdtsc()) {
            result_.longest_pause = std::max(result_.longest_pause, now - before);
            before = now;
            if (now >= due) {
                send(shape, now);
                if (first_waiting_ == after_waiting_) {
                    due = now - due > longest_lag ? now + gap : due + gap;
                }
            }
            receive();
        }
        result_.seconds = double(rte_rdtsc() - start) / hz;
    };
    const auto drain = [&] {
        const auto patience = uint64_t(hz * drain_seconds);
        uint64_t last = rte_rdtsc();
        while (result_.received < result_.sent && rte_rdtsc() - last < patience) {
            if (receive() != 0) {
                last = rte_rdtsc();
            }
        }
    };

    begin(shape);
    loop(shape.warm_up_seconds);
    // What the link did not take of the warm-up would be sent with old stamps.
    rte_pktmbuf_free_bulk(waiting_.data() + first_waiting_, after_waiting_ - first_waiting_);
    first_waiting_ = after_waiting_ = 0;
    begin(shape);
    loop(shape.seconds);
    result_.received_in_time = received_any_;
    rte_pktmbuf_free_bulk(waiting_.data() + first_waiting_, after_waiting_ - first_waiting_);
    first_waiting_ = after_waiting_ = 0;
    drain();
    result_.full_share = calls_ == 0 ? 0 : double(full_calls_) / double(calls_);
    return std::move(result_);
}

}  // namespace perf
