// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "cli/sluiced/doctor/examine.hpp"

namespace cli::doctor {

namespace {

constexpr unsigned cap_ipc_lock = 14;
constexpr const char* cost_of_ordinary_pages =
    "about half the packets a second where tables are large, nothing to speak of where they are "
    "small";

uint64_t free_mb(const System& system) {
    uint64_t kilobytes = 0;
    for (const HugepageSize& size : system.hugepages) {
        kilobytes += size.page_kb * size.free;
    }
    return kilobytes / 1024;
}

/// The command that leaves `more_mb` megabytes more of them.
std::string reserve(const System& system, uint64_t more_mb) {
    const auto size = std::min_element(
        system.hugepages.begin(), system.hugepages.end(),
        [](const HugepageSize& a, const HugepageSize& b) { return a.page_kb < b.page_kb; });
    const uint64_t pages = size->total + (more_mb * 1024 + size->page_kb - 1) / size->page_kb;
    return fmt::format("echo {} > /sys/kernel/mm/hugepages/hugepages-{}kB/nr_hugepages", pages,
                       size->page_kb);
}

void examine_hugepages(const System& system, const Options& options, Findings& findings) {
    const uint64_t free = free_mb(system);
    if (system.runs_on_hugepages == true) {
        findings.push_back({Level::ok, "hugepages", "the router runs on hugepages", "", ""});
        return;
    }
    if (system.hugepages.empty()) {
        findings.push_back({Level::warning, "hugepages", "this kernel has no hugepages",
                            cost_of_ordinary_pages, "boot a kernel with CONFIG_HUGETLBFS"});
        return;
    }
    if (options.no_huge) {
        findings.push_back({Level::note, "hugepages",
                            "--no-huge asks for ordinary pages whatever is free",
                            cost_of_ordinary_pages, "leave --no-huge out"});
        return;
    }
    if (free < options.memory_mb) {
        findings.push_back(
            {Level::warning, "hugepages",
             fmt::format("{} MB of hugepages are free and {} MB are asked for; ordinary pages "
                         "would be used",
                         free, options.memory_mb),
             cost_of_ordinary_pages, reserve(system, options.memory_mb - free)});
        return;
    }
    findings.push_back({Level::ok, "hugepages",
                        fmt::format("{} MB are free, {} MB are asked for", free, options.memory_mb),
                        "", ""});
    if (!system.hugetlbfs_mounted) {
        findings.push_back(
            {Level::note, "hugepages", "no hugetlbfs is mounted; the router itself needs none",
             "other DPDK programs on this machine may", "mount -t hugetlbfs none /dev/hugepages"});
    }
}

}  // namespace

void examine_memory(const System& system, const Options& options, Findings& findings) {
    examine_hugepages(system, options, findings);
    const bool huge = !options.no_huge && free_mb(system) >= options.memory_mb;
    if (!huge && !system.runs_on_hugepages && system.available_mb < options.memory_mb) {
        findings.push_back({Level::error, "memory",
                            fmt::format("{} MB are available and --memory asks for {} MB",
                                        system.available_mb, options.memory_mb),
                            "the router does not start, or is killed when its buffers fill",
                            fmt::format("give --memory {} or less, and fewer --buffers",
                                        system.available_mb / 2)});
    } else {
        findings.push_back(
            {Level::ok, "memory",
             fmt::format("{} MB of ordinary memory are available", system.available_mb), "", ""});
    }
    if (system.memlock_bytes && *system.memlock_bytes >> 20 < options.memory_mb &&
        !system.capabilities.contains(cap_ipc_lock)) {
        findings.push_back(
            {Level::warning, "memlock",
             fmt::format("only {} KB may be locked in memory", *system.memlock_bytes >> 10),
             "af_xdp ports and PCI devices cannot be added, since their memory must be locked",
             "ulimit -l unlimited, or LimitMEMLOCK=infinity in the systemd unit"});
    } else {
        findings.push_back({Level::ok, "memlock", "memory may be locked as needed", "", ""});
    }
}

}  // namespace cli::doctor
