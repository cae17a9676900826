// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// `sluiced --doctor`: what of this machine keeps the router from running, or from running well.
namespace cli::doctor {

struct HugepageSize {
    uint64_t page_kb = 0;
    uint64_t total = 0;
    uint64_t free = 0;
};

struct Core {
    unsigned id = 0;
    bool online = true;
    /// -1: unknown.
    int numa_node = -1;
    /// Cores that share its execution units, itself included.
    std::vector<unsigned> siblings;
    /// How its clock is ruled: "performance", "powersave"; empty where nobody does.
    std::string governor;
};

/// A PCI device of class 02, a network controller.
struct PciNetwork {
    std::string address;
    /// "8086:1572"
    std::string id;
    /// The kernel driver it is bound to; empty: none.
    std::string driver;
    int numa_node = -1;
    /// The host interfaces that the driver makes of it.
    std::vector<std::string> interfaces;
};

/// What a card or the kernel does with packets in the host's stead. Nothing where it cannot be
/// asked.
struct Offloads {
    bool tx_checksum = false;
    bool tso = false;
    bool gso = false;
    bool gro = false;
    bool lro = false;
};

struct HostInterface {
    std::string name;
    bool up = false;
    /// One end of a pair of virtual interfaces.
    bool veth = false;
    std::optional<Offloads> offloads;
};

/// Linux capabilities by number, as in <linux/capability.h>.
using Capabilities = std::set<unsigned>;

/// A machine as the doctor sees it: facts, no judgement.
struct System {
    std::vector<HugepageSize> hugepages;
    /// Free megabytes of hugepages by NUMA node.
    std::map<int, uint64_t> hugepage_mb_of_node;
    bool hugetlbfs_mounted = false;
    uint64_t available_mb = 0;
    /// Of the daemon that asks about itself: where its buffers lie already.
    std::optional<bool> runs_on_hugepages;

    std::vector<Core> cores;
    /// Where this process may run.
    std::set<unsigned> allowed_cores;
    std::set<unsigned> isolated_cores;
    std::set<std::string> cpu_flags;
    std::string clock_source;

    std::vector<PciNetwork> pci;
    bool iommu = false;
    bool vfio_loaded = false;
    bool tun_device = false;
    std::vector<HostInterface> interfaces;

    Capabilities capabilities;
    /// Bytes that may be locked in memory; nothing where there is no limit.
    std::optional<uint64_t> memlock_bytes;

    /// The folder of the API's socket.
    std::string socket_folder;
    /// It, or what it would be made in, may be written.
    bool socket_folder_writable = false;
    /// Something else than a socket stands in the socket's place.
    bool socket_is_a_file = false;
    /// The daemon that serves it.
    std::optional<pid_t> running_daemon;
    /// Folders of plugins that are there, and the configuration's text; nothing where it cannot be
    /// read.
    std::set<std::string> plugin_folders;
    std::optional<std::string> config_text;
};

/// "0-2,5", as the kernel writes sets of cores. What is not understood is left out.
std::set<unsigned> parse_set(const std::string& text);

}  // namespace cli::doctor
