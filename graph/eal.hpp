// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace graph {

struct EalOptions {
    /// Memory for packet buffers and DPDK's own needs, in MB.
    unsigned memory_mb = 256;
    /// Ordinary pages even where hugepages are there.
    bool no_huge = false;
    /// Looks for PCI devices; off by default, so that no device of the host is touched.
    bool pci = false;
    /// Core of the control thread; -1: wherever it runs.
    int control_core = -1;
    /// Further arguments for DPDK, as they are.
    std::vector<std::string> extra;
};

/// DPDK's environment: memory, drivers, thread ids. One for each process, started once, on the
/// control thread, and there until the process ends: DPDK's own clean-up takes memory away under
/// threads of its drivers (a memif server's, for one), and the kernel takes it all back anyway.
class Eal {
public:
    /// Uses hugepages where enough of them are free, else ordinary pages. UNAVAILABLE says what
    /// DPDK refused.
    static absl::StatusOr<Eal> start(const EalOptions& options);
    bool hugepages() const noexcept { return hugepages_; }

private:
    explicit Eal(bool hugepages) noexcept : hugepages_(hugepages) {}
    bool hugepages_;
};

/// Megabytes of hugepages that are free on this machine, all sizes together.
uint64_t free_hugepage_mb();

}  // namespace graph
