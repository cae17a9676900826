// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"

namespace graph {

/// Where dropped packets end. Their reasons were counted by the node that dropped them; here they
/// are seen a last time.
struct DropNode {
    static constexpr auto info = node("drop");
    void operator()(std::span<Packet*> packets, Dispatch& dispatch) const noexcept {
        dispatch.note_dropped(packets);
        free_packets(packets);
    }
};

/// Stands in for every node that is not in the graph: an adjacency, an edge or an arc may still
/// lead to a node whose owner was removed, and packets that control handed over may begin there.
struct RemovedNode {
    enum class Drop : uint16_t { node_removed };
    static constexpr auto info = node<Drop>(
        "removed-node", {{Drop::node_removed, "node-removed",
                          "sent to a node that is not there, since its plugin was taken out"}});
    To<NoNext, Drop> operator()(Packet&) const noexcept { return Drop::node_removed; }
};

}  // namespace graph
