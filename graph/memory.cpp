// SPDX-License-Identifier: Apache-2.0
#include "graph/memory.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace graph {

MemoryUse memory_use(const void* begin, size_t bytes) noexcept {
    const size_t page = size_t(sysconf(_SC_PAGESIZE));
    std::array<unsigned char, 4096> present;
    MemoryUse use{0, bytes};
    for (size_t at = 0; at < bytes; at += present.size() * page) {
        const size_t length = std::min(bytes - at, present.size() * page);
        void* const from = const_cast<std::byte*>(static_cast<const std::byte*>(begin)) + at;
        if (mincore(from, length, present.data()) != 0) {
            continue;
        }
        const size_t pages = (length + page - 1) / page;
        use.touched_bytes +=
            page * uint64_t(std::count_if(present.begin(), present.begin() + ptrdiff_t(pages),
                                          [](unsigned char state) { return (state & 1) != 0; }));
    }
    return use;
}

ProcessMemory process_memory() {
    ProcessMemory memory;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        const auto take = [&line](const char* name, uint64_t& bytes) {
            if (line.starts_with(name)) {
                bytes = std::strtoull(line.c_str() + std::string_view(name).size(), nullptr, 10)
                        << 10;
            }
        };
        take("VmRSS:", memory.resident_bytes);
        take("VmSize:", memory.virtual_bytes);
        take("HugetlbPages:", memory.hugepage_bytes);
    }
    const auto heap = mallinfo2();
    memory.heap_bytes = heap.uordblks + heap.hblkhd;
    return memory;
}

}  // namespace graph
