// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>
#include <vector>

#include "perf/histogram.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/mac.hpp"

namespace perf {

/// What the packets of a load are to look like, and how many a second.
struct LoadShape {
    /// The router's own address on the link that packets go to it by.
    vnet::wire::MacAddress router;
    vnet::wire::MacAddress source_mac;
    vnet::wire::Ip4Address source;
    /// Taken in turn; at least one.
    std::vector<vnet::wire::Ip4Address> destinations;
    /// Without frame check sequence: 60 to 1514.
    unsigned size = 60;
    /// Packets sent at once: 1 to 256.
    unsigned burst = 32;
    /// Million packets a second; 0: as many as the link takes.
    double rate_mpps = 0;
    double warm_up_seconds = 0.2;
    double seconds = 1;
};

/// What came of it. Times are TSC clocks.
struct LoadResult {
    double seconds = 0;
    uint64_t sent = 0;
    /// Of those that were sent, also what came after the last was sent.
    uint64_t received = 0;
    /// Received while the load lasted: the rate that the router forwards at.
    uint64_t received_in_time = 0;
    /// Received behind one that was sent later.
    uint64_t out_of_order = 0;
    /// Not a packet of ours, or not as a router should have sent it on.
    uint64_t strange = 0;
    /// From the call that sends a packet to the return of the one that receives it.
    Histogram latency;
    /// Longest time between two rounds of the generator itself: what it did not see, because its
    /// core was taken away.
    uint64_t longest_pause = 0;
    /// Share of the sending calls that found the link full.
    double full_share = 0;
};

/// Sends numbered packets by one DPDK port and receives them by another, all on the calling thread.
/// Each packet carries the number of the load it belongs to, its own number in it, and the TSC at
/// which it was sent.
class LoadGenerator {
public:
    LoadGenerator(uint16_t out_port, uint16_t in_port, rte_mempool* pool)
        : out_(out_port), in_(in_port), pool_(pool) {}
    LoadResult run(const LoadShape& shape);

private:
    static constexpr unsigned longest_burst = 256;
    void begin(const LoadShape& shape);
    void send(const LoadShape& shape, uint64_t now);
    unsigned receive();
    /// The IP header of a packet that was sent here; null of any other.
    const vnet::wire::Ip4Header* take(const rte_mbuf& packet, uint64_t now);
    void fill(rte_mbuf& packet, uint64_t now, const LoadShape& shape);

    const uint16_t out_;
    const uint16_t in_;
    rte_mempool* const pool_;
    std::array<std::byte, 1514> template_{};
    /// Made, and not yet taken by the link.
    std::array<rte_mbuf*, longest_burst> waiting_{};
    unsigned first_waiting_ = 0;
    unsigned after_waiting_ = 0;
    uint16_t load_ = 0;
    uint64_t next_number_ = 0;
    uint64_t newest_ = 0;
    size_t next_destination_ = 0;
    uint64_t calls_ = 0;
    uint64_t full_calls_ = 0;
    uint64_t received_any_ = 0;
    LoadResult result_;
};

}  // namespace perf
