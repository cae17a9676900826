// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/engine.hpp"

namespace vnet::service {

/// The graph as lines: a node with the packets it saw, what it does now, and its next nodes. Nodes
/// in the order in which a worker runs them, from the inputs on. Control thread.
std::string graph_as_text(graph::Engine& engine);
/// The graph in Graphviz's DOT language. Nodes that saw packets in the last second are filled and
/// carry packets a second and clocks a packet; edges are the thicker the more passes them, and red
/// where it is dropped. Control thread.
std::string graph_as_dot(graph::Engine& engine);

/// "999", "1.5k", "14.9M".
std::string short_number(double value);

}  // namespace vnet::service
