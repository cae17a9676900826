// SPDX-License-Identifier: Apache-2.0
#include "graph/runtime.hpp"

#include <utility>

namespace graph {

WorkerRuntime::WorkerRuntime(std::shared_ptr<const GraphVersion> graph_version,
                             WorkerCounters& counters)
    : version(std::move(graph_version)), nodes(version->nodes.size()) {
    for (size_t rank = 0; rank < nodes.size(); ++rank) {
        const GraphVersion::Node& from = version->nodes[rank];
        NodeRuntime& to = nodes[rank];
        to.process = from.process;
        to.self = from.self;
        to.edges = from.edges.data();
        to.counters = &counters.nodes[from.id];
        to.id = from.id;
        to.first_drop = from.first_drop;
        to.positions = from.positions;
        to.transmits = from.transmits;
    }
}

}  // namespace graph
