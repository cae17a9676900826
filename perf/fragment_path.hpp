// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "perf/paths.hpp"

namespace perf {

/// "ip4-fragment": packets that are cut in two for the link they leave by.
Path fragment_path();
/// "ip4-reassemble": datagrams in two pieces that are for the router itself.
Path reassemble_path();
/// "ip4-virtual-reassembly": whole packets whose ports are asked for.
Path virtual_reassembly_path();

}  // namespace perf
