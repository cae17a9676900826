// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "graph/driver.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::fib {

/// The tables that workers look up in, of one address family: one for each VRF. A packet's is that
/// of the interface that it came in by. A table that was made stays, since an empty one takes no
/// memory, and serves the next VRF of its number: so nobody ever holds one that is gone. `Table` is
/// ip4::Dir24 or ip6::RangeTable. Control makes tables, workers find them.
template <class Table>
class Tables {
public:
    /// Makes that of the default VRF. Both must outlive it.
    Tables(graph::Rcu& rcu, const interface::Table& interfaces)
        : rcu_(rcu), interfaces_(interfaces) {
        make(interface::default_vrf);
    }
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;

    // ---- workers ----

    /// The VRF of packets that came in by an interface, or by none.
    interface::Vrf vrf_of(interface::Index index) const noexcept {
        return index < graph::max_interfaces
                   ? interfaces_.hot(index).vrf.load(std::memory_order_acquire)
                   : interface::default_vrf;
    }
    /// Of a VRF that an interface or an adjacency names.
    const Table& of(interface::Vrf vrf) const noexcept {
        return *published_[vrf].load(std::memory_order_acquire);
    }
    /// Where packets that came in by an interface are looked up.
    const Table& of_interface(interface::Index index) const noexcept { return of(vrf_of(index)); }

    /// Splits a vector by the VRFs that its packets are in: calls `look_up(vrf, packets, hops)` for
    /// each, and puts the hops that it answers with where they belong.
    template <class LookUp>
    void split(std::span<graph::Packet* const> packets, graph::Hops hops,
               LookUp&& look_up) const noexcept {
        std::array<interface::Vrf, graph::vector_size> vrfs;
        std::array<uint16_t, graph::vector_size> left;
        size_t count = packets.size();
        for (size_t i = 0; i < count; ++i) {
            vrfs[i] = vrf_of(packets[i]->meta().rx_interface);
            left[i] = uint16_t(i);
        }
        while (count != 0) {
            const interface::Vrf vrf = vrfs[left[0]];
            std::array<uint16_t, graph::vector_size> places;
            std::array<graph::Packet*, graph::vector_size> own;
            std::array<uint16_t, graph::vector_size> found;
            size_t taken = 0;
            size_t others = 0;
            for (size_t i = 0; i < count; ++i) {
                const uint16_t place = left[i];
                if (vrfs[place] == vrf) {
                    own[taken] = packets[place];
                    places[taken++] = place;
                } else {
                    left[others++] = place;
                }
            }
            look_up(vrf, std::span<graph::Packet* const>(own.data(), taken),
                    graph::Hops(found.data()));
            for (size_t i = 0; i < taken; ++i) {
                hops.set(places[i], graph::Hop::from_raw(found[i]));
            }
            count = others;
        }
    }

    // ---- control thread ----

    /// The table of a VRF, made where there was none.
    Table& make(interface::Vrf vrf) {
        if (owned_[vrf] == nullptr) {
            owned_[vrf] = std::make_unique<Table>(rcu_);
            published_[vrf].store(owned_[vrf].get(), std::memory_order_release);
        }
        return *owned_[vrf];
    }
    /// Calls for each that was made.
    template <class Callback>
    void visit(Callback&& callback) const {
        for (const auto& table : owned_) {
            if (table != nullptr) {
                callback(*table);
            }
        }
    }

private:
    graph::Rcu& rcu_;
    const interface::Table& interfaces_;
    std::array<std::unique_ptr<Table>, interface::most_vrfs> owned_;
    std::array<std::atomic<const Table*>, interface::most_vrfs> published_{};
};

}  // namespace vnet::fib
