// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph/counter.hpp"
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

/// Of what kinds questions for an address are answered by the bridge in the name of others.
namespace suppress {
inline constexpr uint8_t arp = 1;
inline constexpr uint8_t nd = 2;
}  // namespace suppress

/// What workers know of bridges and their ports. A bridge is known by the index of its interface.
/// Written by the control thread.
class Ports {
public:
    /// `contexts` is Engine::contexts().
    explicit Ports(unsigned contexts);

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
    /// Bits of suppress.
    uint8_t suppressed(Index bridge) const noexcept {
        return suppressed_[bridge].load(std::memory_order_relaxed);
    }

    /// A worker: whether one more frame may be flooded that came in by the port.
    bool may_flood(unsigned worker, Index interface, uint64_t now_tsc) noexcept;

    /// Questions that a bridge has answered in the name of others.
    struct Answered {
        graph::Counter arp;
        graph::Counter nd;
    };
    /// One worker's.
    Answered& answered(unsigned worker, Index bridge) noexcept {
        return workers_[worker]->answered[bridge];
    }

    // ---- control ----

    void set(Index interface, Index bridge, const PortSettings& settings) noexcept;
    void clear(Index interface) noexcept { ports_[interface].bridge.store(0); }
    /// Publishes the ports of a bridge; what was published before is the caller's again, who keeps
    /// it until workers have let go of it.
    void publish(Index bridge, const Members* members) noexcept {
        members_[bridge].store(members, std::memory_order_release);
    }
    void set_suppressed(Index bridge, uint8_t kinds) noexcept { suppressed_[bridge].store(kinds); }
    struct Answers {
        uint64_t arp = 0;
        uint64_t nd = 0;
    };
    /// Of all workers, since the beginning; a bridge takes over what its index had.
    Answers answers(Index bridge) const noexcept;

private:
    /// A bucket of flooded frames, one worker's for one port.
    struct Storm {
        uint64_t filled_tsc;
        uint32_t left;
    };
    struct Worker {
        Worker();
        graph::StableArray<Storm> storms;
        graph::StableArray<Answered> answered;
    };
    graph::StableArray<Port> ports_;
    graph::StableArray<std::atomic<const Members*>> members_;
    graph::StableArray<std::atomic<uint8_t>> suppressed_;
    /// For each worker, and for dry runs, whose count nobody adds up.
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace bridge
