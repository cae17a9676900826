// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/sluiced/doctor/examine.hpp"

namespace cli::doctor {

namespace {

/// Kernel drivers that hand a device to a program.
constexpr std::array<std::string_view, 3> for_programs = {"vfio-pci", "igb_uio", "uio_pci_generic"};
/// Kernel drivers that DPDK works beside.
constexpr std::array<std::string_view, 4> shared = {"mlx4_core", "mlx5_core", "mana", "gve"};

template <size_t N>
bool is_one_of(std::string_view driver, const std::array<std::string_view, N>& drivers) {
    return std::find(drivers.begin(), drivers.end(), driver) != drivers.end();
}

void examine_pci(const System& system, const PciNetwork& device, const Options& options,
                 Findings& findings) {
    const std::string what = fmt::format("{} ({})", device.address, device.id);
    if (is_one_of(device.driver, for_programs) || is_one_of(device.driver, shared)) {
        if (!options.pci) {
            findings.push_back(
                {Level::note, "devices",
                 fmt::format("{} is bound to {}, and --pci is not given", what, device.driver),
                 "the router does not see it", "give --pci"});
        } else {
            findings.push_back(
                {Level::ok, "devices",
                 fmt::format("{} is bound to {} and can be a port", what, device.driver), "", ""});
        }
        return;
    }
    const std::string bind =
        fmt::format("modprobe vfio-pci{} && dpdk-devbind.py --bind=vfio-pci {}",
                    system.iommu ? "" : " enable_unsafe_noiommu_mode=1", device.address);
    if (device.driver.empty()) {
        findings.push_back({Level::note, "devices", fmt::format("{} has no driver", what),
                            "it cannot be a port", bind});
        return;
    }
    const std::string as =
        device.interfaces.empty() ? "" : fmt::format(" as {}", fmt::join(device.interfaces, ","));
    findings.push_back(
        {Level::note, "devices",
         fmt::format("{} belongs to the kernel's driver {}{}", what, device.driver, as),
         "as a port by af_packet or af_xdp it gives about 1 Mpps a core, by DPDK's own driver tens "
         "of them",
         bind + (device.interfaces.empty() ? "" : " (the host loses the interface)")});
}

/// Host interfaces that the configuration makes ports of.
std::set<std::string> used_interfaces(const System& system) {
    std::set<std::string> names;
    const std::string text = system.config_text.value_or("");
    constexpr std::string_view key = "iface=";
    for (size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
        const size_t begin = at + key.size();
        names.insert(text.substr(begin, text.find_first_of(",\"' \t\r\n", begin) - begin));
    }
    return names;
}

std::vector<std::string_view> harmful(const Offloads& offloads) {
    std::vector<std::string_view> on;
    for (const auto& [is_on, word] : {std::pair{offloads.lro, "lro"},
                                      {offloads.gro, "gro"},
                                      {offloads.gso, "gso"},
                                      {offloads.tso, "tso"},
                                      {offloads.tx_checksum, "tx"}}) {
        if (is_on) {
            on.emplace_back(word);
        }
    }
    return on;
}

void examine_used(const HostInterface& interface, Findings& findings) {
    const auto on =
        interface.offloads ? harmful(*interface.offloads) : std::vector<std::string_view>();
    if (!on.empty()) {
        findings.push_back(
            {Level::warning, "offloads",
             fmt::format("{} joins and splits packets by itself: {} {} on", interface.name,
                         fmt::join(on, ", "), on.size() == 1 ? "is" : "are"),
             "packets longer than the MTU, or without checksums, are dropped on their way",
             fmt::format("ethtool -K {} {} off", interface.name, fmt::join(on, " off "))});
    } else {
        findings.push_back({Level::ok, "offloads",
                            fmt::format("{} hands packets over as they are", interface.name), "",
                            ""});
    }
    if (interface.veth) {
        findings.push_back(
            {Level::note, "offloads",
             fmt::format("{} is one end of a veth pair; its far end may leave out checksums",
                         interface.name),
             "such packets are forwarded, and dropped by whoever receives them",
             "ethtool -K FAR-END tx off tso off gso off, where the far end is"});
    }
}

}  // namespace

void examine_devices(const System& system, const Options& options, Findings& findings) {
    for (const PciNetwork& device : system.pci) {
        examine_pci(system, device, options, findings);
        const auto elsewhere = [&](unsigned id) {
            return std::any_of(system.cores.begin(), system.cores.end(), [&](const Core& core) {
                return core.id == id && core.numa_node >= 0 && core.numa_node != device.numa_node;
            });
        };
        if (device.numa_node >= 0 &&
            std::any_of(options.cores.begin(), options.cores.end(), elsewhere)) {
            findings.push_back(
                {Level::warning, "numa",
                 fmt::format("{} is on NUMA node {}, and not all workers are", device.address,
                             device.numa_node),
                 "every packet crosses the link between the nodes",
                 fmt::format("name cores of node {} with --cores; lscpu -e shows them",
                             device.numa_node)});
        }
    }
    if (system.pci.empty()) {
        findings.push_back({Level::note, "devices", "there is no PCI network device",
                            "ports are af_packet, af_xdp, memif, vhost or taps", ""});
    }
    const bool any_for_vfio =
        std::any_of(system.pci.begin(), system.pci.end(),
                    [](const PciNetwork& device) { return device.driver == "vfio-pci"; });
    if (any_for_vfio && !system.iommu) {
        findings.push_back({Level::note, "iommu", "there is no IOMMU, or it is off",
                            "a device that is told a wrong address may write anywhere in memory",
                            "boot with intel_iommu=on iommu=pt (AMD: iommu=pt)"});
    }
}

void examine_interfaces(const System& system, const Options& options, Findings& findings) {
    if (!options.config.empty() && !system.config_text) {
        return;
    }
    const auto used = used_interfaces(system);
    for (const std::string& name : used) {
        const auto found =
            std::find_if(system.interfaces.begin(), system.interfaces.end(),
                         [&](const HostInterface& interface) { return interface.name == name; });
        if (found == system.interfaces.end()) {
            findings.push_back(
                {Level::error, "interfaces",
                 fmt::format("the configuration makes a port of {}, and there is no such host "
                             "interface",
                             name),
                 "the configuration is refused, and the router does not start",
                 "ip link shows those that there are"});
            continue;
        }
        examine_used(*found, findings);
        if (!found->up) {
            findings.push_back({Level::warning, "interfaces",
                                fmt::format("host interface {} is down, or has no carrier", name),
                                "its port has no link", fmt::format("ip link set {} up", name)});
        }
    }
    if (used.empty()) {
        std::vector<std::string> names;
        for (const HostInterface& interface : system.interfaces) {
            if (interface.offloads && !harmful(*interface.offloads).empty()) {
                names.push_back(interface.name);
            }
        }
        if (!names.empty()) {
            findings.push_back(
                {Level::note, "offloads",
                 fmt::format("host interfaces {} join and split packets by themselves",
                             fmt::join(names, ", ")),
                 "nothing, unless one becomes an af_packet or af_xdp port: then long packets are "
                 "dropped",
                 fmt::format("ethtool -K {} gro off lro off gso off tso off tx off", names[0])});
        }
    }
}

}  // namespace cli::doctor
