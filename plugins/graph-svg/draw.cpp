// SPDX-License-Identifier: Apache-2.0
#include "plugins/graph-svg/draw.hpp"

#include <graphviz/gvc.h>

#include <array>
#include <memory>

extern "C" {
extern gvplugin_library_t gvplugin_core_LTX_library;
extern gvplugin_library_t gvplugin_dot_layout_LTX_library;
}

namespace graph_svg {

namespace {

/// A context with just what is linked in. Left to itself Graphviz loads all that is installed,
/// among it a measure of texts that looks for fonts for 200 ms, and that remembers the name of a
/// font beyond the life of its context.
GVC_t* make_context() {
    static char core[] = "gvplugin_core_LTX_library";
    static char dot[] = "gvplugin_dot_layout_LTX_library";
    static const std::array<lt_symlist_t, 3> built_in = {
        lt_symlist_t{core, &gvplugin_core_LTX_library},
        lt_symlist_t{dot, &gvplugin_dot_layout_LTX_library},
        lt_symlist_t{nullptr, nullptr},
    };
    return gvContextPlugins(built_in.data(), 0);
}

}  // namespace

absl::StatusOr<std::string> draw(const std::string& dot) {
    const std::unique_ptr<GVC_t, decltype(&gvFreeContext)> context(make_context(), &gvFreeContext);
    const std::unique_ptr<Agraph_t, decltype(&agclose)> graph(agmemread(dot.c_str()), &agclose);
    if (context == nullptr || graph == nullptr) {
        return absl::InvalidArgumentError("the graph cannot be read as DOT");
    }
    if (gvLayout(context.get(), graph.get(), "dot") != 0) {
        return absl::InternalError("Graphviz does not lay the graph out; use `show graph dot`");
    }
    char* data = nullptr;
    unsigned length = 0;
    absl::StatusOr<std::string> svg;
    if (gvRenderData(context.get(), graph.get(), "svg", &data, &length) == 0 && data != nullptr) {
        svg = std::string(data, length);
    } else {
        svg = absl::InternalError("Graphviz does not draw SVG; use `show graph dot`");
    }
    gvFreeRenderData(data);
    gvFreeLayout(context.get(), graph.get());
    return svg;
}

}  // namespace graph_svg
