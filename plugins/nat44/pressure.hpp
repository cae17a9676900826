// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "graph/control.hpp"
#include "plugins/nat44/nat.hpp"
#include "vnet/events/journal.hpp"

namespace nat44 {

/// Tells by events of the topic RESOURCE which pools are nearly used up, or refuse sessions. It
/// looks at the counters once a second, so that a flood of refusals is one event. Control thread.
class Pressure {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Now = std::function<Time()>;
    /// All outlive it. `now` is for tests.
    Pressure(graph::Control& control, vnet::events::Journal& journal, const Nat& nat,
             Now now = &std::chrono::steady_clock::now);
    ~Pressure();
    Pressure(const Pressure&) = delete;
    Pressure& operator=(const Pressure&) = delete;

    /// As once a second.
    void look();

private:
    /// What a pool may be short of: what sessions are refused for lack of, by Refusal.
    static constexpr size_t things = refusals;
    struct Watched {
        sluice::ResourceState state = sluice::RESOURCE_STATE_NORMAL;
        /// Refusals until the last look, and until they began.
        uint64_t refused = 0;
        uint64_t refused_before = 0;
        Time last_refused;
    };
    /// What a look finds of one.
    struct Found {
        uint64_t refused = 0;
        uint64_t used = 0;
        uint64_t total = 0;
    };
    struct OfPool {
        /// The pool's identity.
        uint64_t identity = 0;
        std::array<Watched, things> all;
    };
    void look_at(const std::string& name, const Nat::PoolEntry& pool);
    void forget_gone();
    /// How it is by now.
    static sluice::ResourceState judge(Watched& watched, const Found& found,
                                       const Threshold& threshold, Time now);
    void tell(const std::string& name, size_t thing, const Watched& watched, const Found& found);

    vnet::events::Journal& journal_;
    const Nat& nat_;
    const Now now_;
    /// By the pool's name.
    std::map<std::string, OfPool> watched_;
    graph::Control::Handle timer_;
};

}  // namespace nat44
