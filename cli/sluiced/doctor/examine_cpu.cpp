// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/sluiced/doctor/examine.hpp"

namespace cli::doctor {

namespace {

/// What each level of the x86-64 psABI adds, in the kernel's words.
constexpr std::array<std::string_view, 6> v2 = {"cx16",   "lahf_lm", "popcnt",
                                                "sse4_1", "sse4_2",  "ssse3"};
constexpr std::array<std::string_view, 8> v3 = {"avx",  "avx2", "bmi1", "bmi2",
                                                "f16c", "fma",  "abm",  "movbe"};
constexpr std::array<std::string_view, 5> v4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq",
                                                "avx512vl"};

template <size_t N>
std::vector<std::string_view> missing(const System& system,
                                      const std::array<std::string_view, N>& flags) {
    std::vector<std::string_view> none;
    std::copy_if(flags.begin(), flags.end(), std::back_inserter(none), [&](std::string_view flag) {
        return !system.cpu_flags.contains(std::string(flag));
    });
    return none;
}

const Core* find(const System& system, unsigned id) {
    const auto found = std::find_if(system.cores.begin(), system.cores.end(),
                                    [id](const Core& core) { return core.id == id; });
    return found == system.cores.end() ? nullptr : &*found;
}

void examine_each(const System& system, const std::vector<const Core*>& cores, Findings& findings) {
    std::vector<unsigned> shared;
    std::vector<unsigned> slow;
    std::vector<unsigned> public_cores;
    std::set<int> nodes;
    for (const Core* core : cores) {
        nodes.insert(core->numa_node);
        for (const Core* other : cores) {
            if (other != core &&
                std::count(core->siblings.begin(), core->siblings.end(), other->id) != 0) {
                shared.push_back(core->id);
                break;
            }
        }
        if (!core->governor.empty() && core->governor != "performance") {
            slow.push_back(core->id);
        }
        if (!system.isolated_cores.contains(core->id)) {
            public_cores.push_back(core->id);
        }
    }
    if (!shared.empty()) {
        findings.push_back(
            {Level::warning, "cores",
             fmt::format("cores {} are threads of the same physical cores", fmt::join(shared, ",")),
             "two workers there share one core's units and forward little more than "
             "one",
             "name one core of each pair with --cores; lscpu -e shows them"});
    }
    if (!slow.empty()) {
        findings.push_back(
            {Level::warning, "governor",
             fmt::format("the clock of cores {} is not held at its full rate",
                         fmt::join(slow, ",")),
             "a worker that wakes up runs slower for some ms, and drops under bursts",
             "cpupower frequency-set -g performance"});
    }
    if (!public_cores.empty()) {
        findings.push_back(
            {Level::note, "isolation",
             fmt::format("the kernel puts other work on cores {} too",
                         fmt::join(public_cores, ",")),
             "1-2 % of a core, and gaps of up to some ms in which queues may overflow",
             fmt::format("boot with isolcpus={0} nohz_full={0} rcu_nocbs={0}",
                         fmt::join(public_cores, ","))});
    }
    if (nodes.size() > 1) {
        findings.push_back({Level::warning, "numa",
                            fmt::format("workers run on NUMA nodes {}", fmt::join(nodes, ",")),
                            "packets and tables of the other node come by the link between them, "
                            "at about twice the latency",
                            "name cores of one node with --cores; lscpu -e shows them"});
    } else if (nodes.size() == 1 && !system.hugepages.empty()) {
        const auto there = system.hugepage_mb_of_node.find(*nodes.begin());
        uint64_t elsewhere = 0;
        for (const auto& [node, megabytes] : system.hugepage_mb_of_node) {
            elsewhere += megabytes;
        }
        if (there != system.hugepage_mb_of_node.end() && there->second == 0 && elsewhere != 0) {
            findings.push_back(
                {Level::warning, "numa",
                 fmt::format("the free hugepages are on another NUMA node than the workers' {}",
                             there->first),
                 "every packet crosses the link between the nodes",
                 fmt::format("echo {} > /sys/devices/system/node/node{}/hugepages/"
                             "hugepages-2048kB/nr_hugepages",
                             elsewhere / 2, there->first)});
        }
    }
}

}  // namespace

void examine_cpu(const System& system, Findings& findings) {
    if (const auto flags = missing(system, v2); !flags.empty()) {
        findings.push_back(
            {Level::error, "cpu",
             fmt::format("this processor lacks {}, which x86-64-v2 has", fmt::join(flags, " ")),
             "the router cannot run on it", ""});
        return;
    }
    const auto lacks_v3 = missing(system, v3);
    const auto lacks_v4 = missing(system, v4);
    if (!lacks_v3.empty()) {
        findings.push_back({Level::note, "cpu",
                            fmt::format("this processor is x86-64-v2; {} are missing for v3",
                                        fmt::join(lacks_v3, " ")),
                            "hot loops work on fewer packets at once",
                            "in a virtual machine, pass the host's processor through"});
    } else {
        findings.push_back(
            {Level::ok, "cpu",
             lacks_v4.empty() ? "x86-64-v4: AVX2 and AVX-512" : "x86-64-v3: AVX2, no AVX-512", "",
             ""});
    }
    const auto lacks_tsc =
        missing(system, std::array<std::string_view, 2>{"constant_tsc", "nonstop_tsc"});
    if (!lacks_tsc.empty()) {
        findings.push_back(
            {Level::warning, "clock",
             fmt::format("the TSC does not run evenly ({} missing)", fmt::join(lacks_tsc, " ")),
             "clocks a packet, times in traces and rates of generators are wrong",
             "in a virtual machine, let the hypervisor offer an invariant TSC"});
    } else if (!system.clock_source.empty() && system.clock_source != "tsc") {
        findings.push_back(
            {Level::note, "clock",
             fmt::format("the kernel's clock is {}, not the TSC", system.clock_source),
             "each look at the time is a system call more",
             "echo tsc > /sys/devices/system/clocksource/clocksource0/"
             "current_clocksource"});
    } else {
        findings.push_back({Level::ok, "clock", "the TSC is invariant", "", ""});
    }
}

void examine_cores(const System& system, const Options& options, Findings& findings) {
    const size_t before = findings.size();
    std::vector<const Core*> cores;
    std::vector<unsigned> barred;
    for (const unsigned id : options.cores) {
        const Core* core = find(system, id);
        if (core == nullptr || !core->online || !system.allowed_cores.contains(id)) {
            barred.push_back(id);
        } else {
            cores.push_back(core);
        }
    }
    if (!barred.empty()) {
        findings.push_back(
            {Level::error, "cores",
             fmt::format("--cores names {}; this process may run on {}", fmt::join(barred, ","),
                         fmt::join(system.allowed_cores, ",")),
             "a worker cannot be pinned there, and the router does not start",
             "name other cores, or give it these by cpuset or taskset"});
    }
    if (options.workers > system.allowed_cores.size()) {
        findings.push_back(
            {Level::warning, "cores",
             fmt::format("{} workers share {} cores", options.workers, system.allowed_cores.size()),
             "workers wait for one another, and drop meanwhile",
             fmt::format("give --workers {}", system.allowed_cores.size())});
    }
    if (options.cores.empty()) {
        findings.push_back({Level::note, "cores", "workers are not pinned; the kernel moves them",
                            "caches are filled anew at each move",
                            "name a core for each worker with --cores"});
    } else {
        examine_each(system, cores, findings);
    }
    if (findings.size() == before) {
        findings.push_back(
            {Level::ok, "cores",
             fmt::format("workers have cores {} to themselves", fmt::join(options.cores, ",")), "",
             ""});
    }
}

}  // namespace cli::doctor
