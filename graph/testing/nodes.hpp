// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.hpp"
#include "graph/source.hpp"

/// Small pieces that the engine's own tests build graphs of.
namespace graph::testing {

inline void swallow(const void*, Dispatch& dispatch, Frame& frame) noexcept {
    (void)dispatch;
    free_packets(frame.used());
}

/// A node of any name that frees what comes to it, with these edges.
inline NodeSpec plain(const std::string& name, std::vector<std::string> edges = {},
                      NodeKind kind = NodeKind::internal, const std::string& owner = "core") {
    NodeSpec spec;
    spec.name = name;
    spec.kind = kind;
    spec.edges = std::move(edges);
    spec.process = kind == NodeKind::input ? nullptr : &swallow;
    spec.owner = owner;
    return spec;
}

/// A scalar node of any name that does what a function says.
class Scripted {
public:
    using Script = std::function<Hop(Packet&, Dispatch&)>;
    static constexpr auto info = node("scripted");
    explicit Scripted(Script script) : script_(std::move(script)) {}
    Hop operator()(Packet& packet, Dispatch& dispatch) const noexcept {
        return script_(packet, dispatch);
    }

    static NodeSpec spec(const Scripted& node, const std::string& name,
                         std::vector<std::string> edges = {}, std::vector<std::string> drops = {},
                         const std::string& owner = "core") {
        NodeSpec spec = describe(node, owner);
        spec.name = name;
        spec.edges = std::move(edges);
        for (std::string& drop : drops) {
            spec.drops.push_back({std::move(drop), "for a test"});
        }
        return spec;
    }

private:
    Script script_;
};

}  // namespace graph::testing
