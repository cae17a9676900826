// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"

namespace bridge {

using vnet::interface::Index;

/// How a port takes part in its bridge.
struct PortSettings {
    /// Frames do not go from one port of a group to another one of it: split horizon. 0: no group.
    uint32_t group = 0;
    /// Frames a second that may be flooded which came in by it, on each worker; 0: as many as come.
    uint32_t storm_limit = 0;
    bool learns = true;

    friend bool operator==(const PortSettings&, const PortSettings&) = default;
};

/// What workers know of bridges and their ports. A bridge is known by the index of its interface.
/// Written by the control thread.
class Ports {
public:
    explicit Ports(unsigned workers);

    /// A port, for workers; `bridge` is 0 for an interface that is none.
    struct Port {
        std::atomic<Index> bridge;
        std::atomic<uint32_t> group;
        std::atomic<uint32_t> storm_limit;
        std::atomic<bool> learns;
    };
    const Port& port(Index interface) const noexcept { return ports_[interface]; }

    /// The ports of a bridge, in the order of their indexes; workers hold on to them until their
    /// next quiescent state. Null where it is no bridge.
    using Members = std::vector<Index>;
    const Members* members(Index bridge) const noexcept {
        return members_[bridge].load(std::memory_order_acquire);
    }

    /// A worker: whether one more frame may be flooded that came in by the port.
    bool may_flood(unsigned worker, Index interface, uint64_t now_tsc) noexcept;

    // ---- control ----

    void set(Index interface, Index bridge, const PortSettings& settings) noexcept;
    void clear(Index interface) noexcept { ports_[interface].bridge.store(0); }
    /// Publishes the ports of a bridge; what was published before is the caller's again, who keeps
    /// it until workers have let go of it.
    void publish(Index bridge, const Members* members) noexcept {
        members_[bridge].store(members, std::memory_order_release);
    }

private:
    /// A bucket of flooded frames, one worker's for one port.
    struct Storm {
        uint64_t filled_tsc;
        uint32_t left;
    };
    graph::StableArray<Port> ports_;
    graph::StableArray<std::atomic<const Members*>> members_;
    std::vector<std::unique_ptr<graph::StableArray<Storm>>> storms_;
};

}  // namespace bridge
