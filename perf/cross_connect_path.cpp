// SPDX-License-Identifier: Apache-2.0
#include "perf/cross_connect_path.hpp"

#include "plugins/cross-connect/connections.hpp"

namespace perf {

using ::cross_connect::Connect;
using ::cross_connect::Connections;

absl::Status cross_connect(vnet::Router& router, const std::string& a, const std::string& b) {
    graph::Graph& graph = router.engine().graph();
    const auto node = std::make_shared<Connect>(router.interfaces());
    if (const auto id = graph.add<Connect>(std::shared_ptr<const Connect>(node)); !id.ok()) {
        return id.status();
    }
    absl::Status status = graph.add_feature(Connections::arc, Connections::feature());
    status.Update(router.engine().commit());
    // What is joined stays so without it.
    status.Update(Connections(graph, router.interfaces(), *node).add(a, b));
    return status;
}

Path cross_connect_path() {
    return {"l2-xc",
            "cross-connect",
            [](vnet::Router& router, const Ends&) { return cross_connect(router, "in", "out"); },
            [] { return std::vector{vnet::wire::Ip4Address(192, 0, 2, 1)}; },
            {},
            Connect::info.name};
}

}  // namespace perf
