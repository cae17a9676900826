// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace graph_svg {

/// Lays out a graph in the DOT language and draws it as SVG. Milliseconds for some dozens of nodes.
/// Graphviz keeps state for the whole process: one thread at a time. INVALID_ARGUMENT for what is
/// not DOT.
absl::StatusOr<std::string> draw(const std::string& dot);

}  // namespace graph_svg
