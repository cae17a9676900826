// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/ports.hpp"

#include <rte_cycles.h>

#include <algorithm>

#include "graph/limits.hpp"

namespace bridge {

Ports::Worker::Worker() : storms(graph::max_interfaces), answered(graph::max_interfaces) {}

Ports::Ports(unsigned contexts)
    : ports_(graph::max_interfaces),
      members_(graph::max_interfaces),
      suppressed_(graph::max_interfaces) {
    for (unsigned context = 0; context < contexts; ++context) {
        workers_.push_back(std::make_unique<Worker>());
    }
}

Ports::Answers Ports::answers(Index bridge) const noexcept {
    Answers sum;
    for (size_t worker = 0; worker + 1 < workers_.size(); ++worker) {
        sum.arp += workers_[worker]->answered[bridge].arp.read();
        sum.nd += workers_[worker]->answered[bridge].nd.read();
    }
    return sum;
}

void Ports::set(Index interface, Index bridge, const PortSettings& settings) noexcept {
    Port& port = ports_[interface];
    port.group.store(settings.group);
    port.storm_limit.store(settings.storm_limit);
    port.learns.store(settings.learns);
    port.bridge.store(bridge, std::memory_order_release);
}

bool Ports::may_flood(unsigned worker, Index interface, uint64_t now_tsc) noexcept {
    const uint32_t limit = ports_[interface].storm_limit.load(std::memory_order_relaxed);
    if (limit == 0) {
        return true;
    }
    // A tenth of a second's frames may come at once.
    Storm& storm = workers_[worker]->storms[interface];
    const uint64_t hz = rte_get_tsc_hz();
    const uint32_t most = std::max(limit / 10, 1U);
    const uint64_t passed = now_tsc - storm.filled_tsc;
    if (storm.filled_tsc == 0 || passed > hz) {
        storm = {now_tsc, most};
    } else if (const uint64_t more = passed * limit / hz; more != 0) {
        storm.left = uint32_t(std::min<uint64_t>(storm.left + more, most));
        storm.filled_tsc += more * hz / limit;
    }
    if (storm.left == 0) {
        return false;
    }
    --storm.left;
    return true;
}

}  // namespace bridge
