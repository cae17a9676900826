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
/// control thread.
class Eal {
public:
    /// Uses hugepages where enough of them are free, else ordinary pages. UNAVAILABLE says what
    /// DPDK refused.
    static absl::StatusOr<Eal> start(const EalOptions& options);
    Eal(Eal&& other) noexcept;
    Eal& operator=(Eal&&) = delete;
    ~Eal();
    bool hugepages() const noexcept { return hugepages_; }

private:
    explicit Eal(bool hugepages) noexcept : hugepages_(hugepages), owner_(true) {}
    bool hugepages_;
    bool owner_;
};

/// Megabytes of hugepages that are free on this machine, all sizes together.
uint64_t free_hugepage_mb();

}  // namespace graph
