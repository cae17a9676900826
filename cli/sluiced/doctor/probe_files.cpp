// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/sluiced/doctor/probe.hpp"

namespace cli::doctor {

namespace fs = std::filesystem;

namespace {

/// The first line of a file; empty where it is not there.
std::string line_of(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

template <class Number>
Number number_of(const fs::path& path, Number otherwise) {
    Number value{};
    const std::string line = line_of(path);
    return absl::SimpleAtoi(line, &value) ? value : otherwise;
}

/// The names in a folder, sorted; none where it is not there.
std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// The last part of where a link leads.
std::string link_name(const fs::path& link) {
    std::error_code error;
    const fs::path target = fs::read_symlink(link, error);
    return error ? "" : target.filename().string();
}

std::vector<HugepageSize> hugepages_in(const fs::path& folder) {
    std::vector<HugepageSize> sizes;
    for (const std::string& name : names_in(folder)) {
        HugepageSize size;
        if (std::sscanf(name.c_str(), "hugepages-%" SCNu64 "kB", &size.page_kb) == 1) {
            size.total = number_of<uint64_t>(folder / name / "nr_hugepages", 0);
            size.free = number_of<uint64_t>(folder / name / "free_hugepages", 0);
            sizes.push_back(size);
        }
    }
    return sizes;
}

void probe_memory(const fs::path& root, System& system) {
    system.hugepages = hugepages_in(root / "sys/kernel/mm/hugepages");
    for (const std::string& name : names_in(root / "sys/devices/system/node")) {
        int node = 0;
        if (name.starts_with("node") && absl::SimpleAtoi(name.substr(4), &node)) {
            uint64_t kilobytes = 0;
            for (const HugepageSize& size :
                 hugepages_in(root / "sys/devices/system/node" / name / "hugepages")) {
                kilobytes += size.page_kb * size.free;
            }
            system.hugepage_mb_of_node[node] = kilobytes / 1024;
        }
    }
    std::ifstream mounts(root / "proc/mounts");
    for (std::string line; std::getline(mounts, line);) {
        system.hugetlbfs_mounted |= line.find(" hugetlbfs ") != std::string::npos;
    }
    std::ifstream meminfo(root / "proc/meminfo");
    for (std::string line; std::getline(meminfo, line);) {
        uint64_t kilobytes = 0;
        if (std::sscanf(line.c_str(), "MemAvailable: %" SCNu64, &kilobytes) == 1) {
            system.available_mb = kilobytes / 1024;
        }
    }
}

Core core_in(const fs::path& folder, unsigned id) {
    Core core;
    core.id = id;
    // A core that cannot be switched off has no such file.
    core.online = number_of<int>(folder / "online", 1) != 0;
    const auto siblings = parse_set(line_of(folder / "topology/thread_siblings_list"));
    core.siblings.assign(siblings.begin(), siblings.end());
    core.governor = line_of(folder / "cpufreq/scaling_governor");
    for (const std::string& name : names_in(folder)) {
        int node = 0;
        if (name.starts_with("node") && absl::SimpleAtoi(name.substr(4), &node)) {
            core.numa_node = node;
        }
    }
    return core;
}

void probe_cpu(const fs::path& root, System& system) {
    const fs::path cpus = root / "sys/devices/system/cpu";
    for (const std::string& name : names_in(cpus)) {
        unsigned id = 0;
        if (name.starts_with("cpu") && absl::SimpleAtoi(name.substr(3), &id)) {
            system.cores.push_back(core_in(cpus / name, id));
        }
    }
    std::sort(system.cores.begin(), system.cores.end(),
              [](const Core& a, const Core& b) { return a.id < b.id; });
    system.isolated_cores = parse_set(line_of(cpus / "isolated"));
    system.clock_source =
        line_of(root / "sys/devices/system/clocksource/clocksource0/current_clocksource");
    std::ifstream info(root / "proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("flags")) {
            for (const auto flag : absl::StrSplit(line.substr(line.find(':') + 1), ' ')) {
                system.cpu_flags.emplace(flag);
            }
            break;
        }
    }
}

void probe_devices(const fs::path& root, System& system) {
    const fs::path pci = root / "sys/bus/pci/devices";
    for (const std::string& address : names_in(pci)) {
        const fs::path folder = pci / address;
        if (!line_of(folder / "class").starts_with("0x02")) {
            continue;
        }
        PciNetwork device;
        device.address = address;
        const std::string vendor = line_of(folder / "vendor");
        const std::string number = line_of(folder / "device");
        if (vendor.size() > 2 && number.size() > 2) {
            device.id = vendor.substr(2) + ":" + number.substr(2);
        }
        device.driver = link_name(folder / "driver");
        device.numa_node = number_of<int>(folder / "numa_node", -1);
        device.interfaces = names_in(folder / "net");
        // A virtio device has its interface one level further down.
        for (const std::string& below : names_in(folder)) {
            if (below.starts_with("virtio")) {
                device.interfaces = names_in(folder / below / "net");
            }
        }
        system.pci.push_back(device);
    }
    system.iommu = !names_in(root / "sys/kernel/iommu_groups").empty();
    std::error_code error;
    system.vfio_loaded = fs::exists(root / "sys/module/vfio_pci", error);
    system.tun_device = fs::exists(root / "dev/net/tun", error);
    for (const std::string& name : names_in(root / "sys/class/net")) {
        if (name != "lo") {
            const fs::path folder = root / "sys/class/net" / name;
            HostInterface interface;
            interface.name = name;
            interface.up = line_of(folder / "operstate") == "up";
            system.interfaces.push_back(interface);
        }
    }
}

}  // namespace

std::set<unsigned> parse_set(const std::string& text) {
    std::set<unsigned> members;
    for (const auto part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
        const std::vector<std::string> ends = absl::StrSplit(part, '-');
        unsigned first = 0;
        unsigned last = 0;
        constexpr unsigned most = 65536;
        if (absl::SimpleAtoi(ends.front(), &first) && absl::SimpleAtoi(ends.back(), &last) &&
            last < most) {
            for (unsigned member = first; member <= last; ++member) {
                members.insert(member);
            }
        }
    }
    return members;
}

void probe_files(const std::string& root, System& system) {
    const fs::path top(root.empty() ? "/" : root);
    probe_memory(top, system);
    probe_cpu(top, system);
    probe_devices(top, system);
}

}  // namespace cli::doctor
