// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "plugins/graph-svg/graph_svg.pb.h"
#include "plugins/graph-svg/painter.hpp"
#include "vnet/plugin/registry.hpp"
#include "vnet/service/graph_text.hpp"

namespace graph_svg {

namespace {

namespace proto = sluice::graph_svg;

/// The time that a layout takes grows much faster than the graph.
constexpr size_t most_nodes = 500;

absl::Status show(graph::Engine& engine, Painter& painter, api::Watcher<proto::Drawing> watcher) {
    if (const size_t nodes = engine.version()->nodes.size(); nodes > most_nodes) {
        return absl::OutOfRangeError(fmt::format(
            "the graph has {} nodes, and pictures of {} at most are made; use `show graph dot`",
            nodes, most_nodes));
    }
    // The text is made here, where the graph stands still. The stream ends with the last watcher.
    return painter.draw(vnet::service::graph_as_dot(engine),
                        [watcher = std::move(watcher)](absl::StatusOr<std::string> svg) {
                            if (!svg.ok()) {
                                return watcher.close(svg.status());
                            }
                            proto::Drawing drawing;
                            drawing.set_svg(*std::move(svg));
                            watcher.push(drawing);
                        });
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto painter = std::make_shared<Painter>();
    registry.keep(painter);
    return registry.add_watch<proto::ShowRequest, proto::Drawing>(
        "sluice.graph_svg.GraphSvg.Show",
        [&engine = registry.engine(), painter = painter.get()](const auto&, auto watcher) {
            return show(engine, *painter, std::move(watcher));
        });
}

}  // namespace graph_svg
