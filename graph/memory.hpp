// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace graph {

/// What a table takes of the machine's memory.
struct MemoryUse {
    /// Bytes of the pages that were touched, and so are really there.
    uint64_t touched_bytes = 0;
    /// Bytes of address space, which cost nothing by themselves.
    uint64_t reserved_bytes = 0;
    MemoryUse& operator+=(const MemoryUse& other) noexcept {
        touched_bytes += other.touched_bytes;
        reserved_bytes += other.reserved_bytes;
        return *this;
    }
    friend MemoryUse operator+(MemoryUse a, const MemoryUse& b) noexcept { return a += b; }
};

/// How much of a page-aligned range the kernel has in memory. It looks at each page's entry: some
/// 100 us for 256 MB. Pages that were only read count too. Any thread.
MemoryUse memory_use(const void* begin, size_t bytes) noexcept;

/// What the kernel says of this process, in bytes; zero where /proc is not there.
struct ProcessMemory {
    /// In memory now, hugepages left out.
    uint64_t resident_bytes = 0;
    uint64_t virtual_bytes = 0;
    /// In hugepages that the process mapped (hugetlbfs).
    uint64_t hugepage_bytes = 0;
    /// Given out by malloc.
    uint64_t heap_bytes = 0;
};
ProcessMemory process_memory();

}  // namespace graph
