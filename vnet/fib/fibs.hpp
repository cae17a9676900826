// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "vnet/fib/fib.hpp"
#include "vnet/fib/tables.hpp"

namespace vnet::fib {

/// The routes of one address family: a Fib for each VRF. That of the default VRF is always there.
/// Control thread.
template <class Family>
class Fibs {
public:
    using Address = typename Family::Address;
    using Prefix = typename Family::Prefix;
    using Fib = fib::Fib<Family>;

    /// Where packets end that need no neighbour.
    struct Ends {
        typename Fib::Paths paths;
        /// The node that looks up in the VRF of the adjacency.
        graph::NodeId lookup_vrf = graph::drop_node;
    };
    Fibs(Tables<typename Family::Table>& tables, ForwardingTable& forwarding,
         NextHops<Address>& next_hops, const Ends& ends)
        : tables_(tables),
          vrf_paths_(forwarding, ends.lookup_vrf),
          shared_{next_hops, vrf_paths_, ends.paths} {
        make(interface::default_vrf);
    }
    Fibs(const Fibs&) = delete;
    Fibs& operator=(const Fibs&) = delete;

    /// Of a VRF that is there.
    Fib& of(interface::Vrf vrf) noexcept { return *fibs_[vrf]; }
    const Fib& of(interface::Vrf vrf) const noexcept { return *fibs_[vrf]; }
    /// Null where there is no such VRF.
    const Fib* find(interface::Vrf vrf) const noexcept { return fibs_[vrf].get(); }
    /// Of a VRF that was not there.
    void make(interface::Vrf vrf) {
        fibs_[vrf] = std::make_unique<Fib>(tables_.make(vrf), shared_, vrf);
        fibs_[vrf]->observe(
            [this, vrf](const typename Fib::Match& match, bool used, typename Fib::Change change) {
                for (const RouteObserver& observer : observers_) {
                    observer(vrf, match, used, change);
                }
            });
        fibs_[vrf]->observe_next_hops([this, vrf](Address address, interface::Index interface) {
            for (const NextHopObserver& observer : next_hop_observers_) {
                observer(vrf, address, interface);
            }
        });
    }
    /// With all of its routes. Nobody may lead packets there any more.
    void remove(interface::Vrf vrf) {
        fibs_[vrf]->clear();
        removed_before_ += fibs_[vrf]->removed();
        fibs_[vrf].reset();
    }
    /// How many routes and rules of others lead packets to a VRF.
    size_t led_to(interface::Vrf vrf) const noexcept { return vrf_paths_.holders(vrf); }

    /// Calls for each VRF that is there, beginning with `first`, in order; ends where it answers
    /// false.
    template <class Callback>
    void visit(Callback&& callback, interface::Vrf first = interface::default_vrf) const {
        for (size_t vrf = first; vrf < fibs_.size(); ++vrf) {
            if (fibs_[vrf] != nullptr && !callback(*fibs_[vrf])) {
                return;
            }
        }
    }
    /// Takes out every route that names the interface.
    void forget_interface(interface::Index interface) {
        for (const auto& fib : fibs_) {
            if (fib != nullptr) {
                fib->forget_interface(interface);
            }
        }
    }

    /// As Fib::observe() and Fib::observe_next_hops(), of all VRFs that there will be. An observer
    /// makes the changes of every route a little slower.
    using RouteObserver = std::function<void(interface::Vrf, const typename Fib::Match&, bool used,
                                             typename Fib::Change)>;
    void observe(RouteObserver observer) { observers_.push_back(std::move(observer)); }
    using NextHopObserver = std::function<void(interface::Vrf, Address, interface::Index)>;
    void observe_next_hops(NextHopObserver observer) {
        next_hop_observers_.push_back(std::move(observer));
    }

    /// Of all VRFs.
    size_t size() const {
        size_t routes = 0;
        visit([&routes](const Fib& fib) {
            routes += fib.size();
            return true;
        });
        return routes;
    }
    /// How many routes were ever removed.
    uint64_t removed() const {
        uint64_t removed = removed_before_;
        visit([&removed](const Fib& fib) {
            removed += fib.removed();
            return true;
        });
        return removed;
    }

private:
    Tables<typename Family::Table>& tables_;
    VrfPaths vrf_paths_;
    const typename Fib::Shared shared_;
    uint64_t removed_before_ = 0;
    std::vector<RouteObserver> observers_;
    std::vector<NextHopObserver> next_hop_observers_;
    std::array<std::unique_ptr<Fib>, interface::most_vrfs> fibs_;
};

}  // namespace vnet::fib
