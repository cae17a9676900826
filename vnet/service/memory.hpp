// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/memory.hpp"
#include "vnet/router.hpp"

namespace vnet::service {

/// One line of `show memory`.
struct MemoryPart {
    std::string name;
    graph::MemoryUse memory;
    /// Things in it, and how many there may be; nothing where it does not hold things.
    std::optional<uint64_t> used;
    std::optional<uint64_t> capacity;
    std::string meaning;
};

/// Who has which memory, the process as a whole first. Some 100 us: it asks the kernel for each
/// page of the large tables. Control thread.
std::vector<MemoryPart> memory_parts(Router& router);

}  // namespace vnet::service
