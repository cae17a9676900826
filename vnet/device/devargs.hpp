// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>

namespace vnet::device {

/// The words by which DPDK knows a device: "net_af_packet0,iface=veth0" or "0000:01:00.0".
struct Devargs {
    /// As given, with the PCI domain filled in.
    std::string text;
    /// What stands before the first comma; DPDK's name of the device and of its port.
    std::string name;
    /// The name without its number: "net_af_packet"; empty for a PCI device.
    std::string driver;
    std::map<std::string, std::string, std::less<>> arguments;

    bool is_pci() const noexcept { return driver.empty(); }
    /// The value of an argument, or `otherwise`.
    std::string_view argument(std::string_view key, std::string_view otherwise = {}) const;
    /// The kernel's interface that packets go through; empty where there is none.
    std::string_view host_interface() const;
    /// That interface and the first of its queues that an AF_XDP device takes.
    std::string host_queue() const;
    /// The socket on which a memif server listens, abstract or not; empty for any other device.
    std::string memif_listener() const;
};

/// INVALID_ARGUMENT for what is no device.
absl::StatusOr<Devargs> parse_devargs(std::string_view text);

/// Before DPDK is asked: a host interface that is not there, a right that the process does not
/// have, arguments that would block the control thread. Unlinks the Unix socket of a dead daemon
/// where the device is to listen on one.
absl::Status prepare(const Devargs& devargs);

/// Unlinks a Unix socket on which nobody listens any more. True when it did.
bool unlink_stale_socket(const std::string& path);

}  // namespace vnet::device
