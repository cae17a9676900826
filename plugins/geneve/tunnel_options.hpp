// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <utility>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "plugins/geneve/options.hpp"
#include "vnet/interface/hot.hpp"

namespace geneve {

using vnet::interface::Index;

/// The options of each tunnel that has some, as workers find them. Control writes: before the first
/// packet, and when a tunnel goes.
class TunnelOptions {
public:
    explicit TunnelOptions(graph::Rcu& rcu) : rcu_(rcu), by_interface_(graph::max_interfaces) {}
    TunnelOptions(const TunnelOptions&) = delete;
    TunnelOptions& operator=(const TunnelOptions&) = delete;

    void set(Index interface, Options options) {
        const auto owned = std::make_shared<const Options>(std::move(options));
        owned_[interface] = owned;
        by_interface_[interface].store(owned.get(), std::memory_order_release);
    }
    void forget(Index interface) {
        if (const auto found = owned_.find(interface); found != owned_.end()) {
            by_interface_[interface].store(nullptr, std::memory_order_release);
            rcu_.retire([gone = found->second] {});
            owned_.erase(found);
        }
    }

    /// Null where it has none. Any worker, until its next quiescent state.
    const Options* of(Index interface) const noexcept {
        return by_interface_[interface].load(std::memory_order_acquire);
    }

private:
    graph::Rcu& rcu_;
    graph::StableArray<std::atomic<const Options*>> by_interface_;
    std::map<Index, std::shared_ptr<const Options>> owned_;
};

}  // namespace geneve
