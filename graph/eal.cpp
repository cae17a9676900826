// SPDX-License-Identifier: Apache-2.0
#include "graph/eal.hpp"

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace graph {

uint64_t free_hugepage_mb() {
    uint64_t total_kb = 0;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", error)) {
        uint64_t page_kb = 0;
        uint64_t free = 0;
        const std::string name = entry.path().filename();
        if (std::sscanf(name.c_str(), "hugepages-%" SCNu64 "kB", &page_kb) == 1) {
            std::ifstream(entry.path() / "free_hugepages") >> free;
        }
        total_kb += page_kb * free;
    }
    return total_kb / 1024;
}

absl::StatusOr<Eal> Eal::start(const EalOptions& options) {
    const bool huge = !options.no_huge && free_hugepage_mb() >= options.memory_mb;
    const int core = options.control_core >= 0 ? options.control_core : sched_getcpu();
    std::vector<std::string> words = {"sluiced",
                                      "--lcores",
                                      fmt::format("0@{}", core < 0 ? 0 : core),
                                      "--no-telemetry",
                                      "--force-max-simd-bitwidth=512",
                                      "-m",
                                      std::to_string(options.memory_mb)};
    words.push_back(huge ? "--in-memory" : "--no-huge");
    if (!huge) {
        words.push_back("--no-shconf");
    }
    if (!options.pci) {
        words.push_back("--no-pci");
    }
    words.insert(words.end(), options.extra.begin(), options.extra.end());
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    rte_log_set_global_level(RTE_LOG_WARNING);
    // The control thread is DPDK's main lcore, which EAL pins; where it ran before is put back.
    cpu_set_t affinity;
    sched_getaffinity(0, sizeof(affinity), &affinity);
    if (rte_eal_init(int(arguments.size()), arguments.data()) < 0) {
        return absl::UnavailableError(
            fmt::format("DPDK did not start with {} MB of {}: {}", options.memory_mb,
                        huge ? "hugepages" : "ordinary pages", rte_strerror(rte_errno)));
    }
    if (options.control_core < 0) {
        sched_setaffinity(0, sizeof(affinity), &affinity);
    }
    rte_log_set_global_level(RTE_LOG_WARNING);
    return Eal(huge);
}

}  // namespace graph
