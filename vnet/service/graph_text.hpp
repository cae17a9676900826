// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/engine.hpp"

namespace vnet::service {

/// The graph as lines: a node with the packets it saw, and its next nodes. Nodes in the order in
/// which a worker runs them, from the inputs on.
std::string graph_as_text(graph::Engine& engine);
/// The graph in Graphviz's DOT language; nodes that saw packets are drawn bold.
std::string graph_as_dot(graph::Engine& engine);

}  // namespace vnet::service
