// SPDX-License-Identifier: Apache-2.0
#include "graph/rates.hpp"

#include <utility>

namespace graph {

void Rates::take(Clock::time_point now, std::vector<NodeTotals> nodes,
                 std::vector<uint64_t> drops) {
    before_ = std::exchange(last_, {now, std::move(nodes), std::move(drops)});
}

double Rates::seconds() const noexcept {
    if (before_.when == Clock::time_point()) {
        return 0;
    }
    return std::chrono::duration<double>(last_.when - before_.when).count();
}

Rates::Node Rates::node(NodeId id) const noexcept {
    if (seconds() <= 0 || id >= before_.nodes.size() || id >= last_.nodes.size()) {
        return {};
    }
    const NodeTotals& from = before_.nodes[id];
    const NodeTotals& to = last_.nodes[id];
    Node rate;
    rate.packets_per_second = double(to.packets - from.packets) / seconds();
    rate.calls_per_second = double(to.calls - from.calls) / seconds();
    if (to.packets != from.packets) {
        rate.clocks_per_packet =
            double(to.clocks - from.clocks) / double(to.packets - from.packets);
    }
    return rate;
}

double Rates::drop(DropId id) const noexcept {
    if (seconds() <= 0 || id >= before_.drops.size() || id >= last_.drops.size()) {
        return 0;
    }
    return double(last_.drops[id] - before_.drops[id]) / seconds();
}

}  // namespace graph
