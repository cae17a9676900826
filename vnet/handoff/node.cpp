// SPDX-License-Identifier: Apache-2.0
#include "vnet/handoff/node.hpp"

#include <bit>
#include <string>

#include "vnet/handoff/flow_hash.hpp"

namespace vnet::handoff {

namespace {

/// The workers of a set, to choose one of by a hash.
struct Choice {
    explicit Choice(uint64_t set) noexcept {
        for (; set != 0; set &= set - 1) {
            workers[count++] = uint8_t(std::countr_zero(set));
        }
    }
    unsigned by(uint32_t hash) const noexcept {
        // The high half of a product: an even spread without a division.
        return workers[uint64_t{hash} * count >> 32];
    }
    std::array<uint8_t, graph::max_workers> workers;
    unsigned count = 0;
};

constexpr unsigned prefetch_ahead = 4;

}  // namespace

void Node::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                      graph::Dispatch& dispatch) const noexcept {
    const unsigned self = dispatch.worker();
    const size_t size = packets.size();
    /// By packet: the worker it goes to. By worker: how many go there.
    std::array<uint8_t, graph::vector_size> to;
    std::array<uint16_t, graph::max_workers> counts{};
    uint64_t others = 0;
    size_t i = 0;
    while (i < size) {
        const interface::Index index = packets[i]->meta().rx_interface;
        // In a dry run the packet goes on here: what it would meet is the same on any worker.
        const bool shared = index < graph::max_interfaces && self != engine_.dry_context();
        const Choice choice(shared ? workers(index) : 0);
        const uint32_t own = own_address(index);
        do {
            if (i + prefetch_ahead < size) {
                graph::detail::prefetch_packet(packets[i + prefetch_ahead]);
            }
            graph::Packet& packet = *packets[i];
            const graph::Hop next = dispatch.next_feature(packet);
            const auto hash = choice.count == 0
                                  ? std::nullopt
                                  : flow_hash(std::as_const(packet).bytes(), own, seed_);
            const unsigned worker = hash ? choice.by(*hash) : self;
            to[i] = uint8_t(worker);
            if (worker == self) {
                hops.set(i, next);
            } else {
                packet.meta().start = next.index();
                hops.set(i, graph::Hop::consumed());
                ++counts[worker];
                others |= uint64_t{1} << worker;
            }
            ++i;
        } while (i < size && packets[i]->meta().rx_interface == index);
    }
    // One push and one wake-up for each worker.
    for (; others != 0; others &= others - 1) {
        const auto worker = unsigned(std::countr_zero(others));
        std::array<graph::Packet*, graph::vector_size> batch;
        std::array<uint8_t, graph::vector_size> place;
        unsigned count = 0;
        for (size_t p = 0; count < counts[worker]; ++p) {
            batch[count] = packets[p];
            place[count] = uint8_t(p);
            count += to[p] == worker;
        }
        const unsigned taken = engine_.hand_over(self, worker, {batch.data(), count});
        for (unsigned left = taken; left < count; ++left) {
            hops.set(place[left], graph::Hop::drop(graph::Edge(Drop::full)));
        }
    }
}

uint32_t Node::own_address(interface::Index index) const noexcept {
    return index < graph::max_interfaces
               ? table_.hot(index).ip4_address.load(std::memory_order_relaxed)
               : 0;
}

graph::TraceFields Node::format(const graph::TraceStep& step) const {
    const interface::Index index = step.at.meta.rx_interface;
    const Choice choice(index < graph::max_interfaces ? workers(index) : 0);
    const auto hash = flow_hash(step.at.data(), own_address(index), seed_);
    const bool handed = choice.count != 0 && hash.has_value();
    return {{"worker", handed ? std::to_string(choice.by(*hash)) : "the one that received it"}};
}

}  // namespace vnet::handoff
