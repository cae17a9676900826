// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "graph/packet.hpp"

namespace vnet::device {

/// What the kernel's side of a descriptor of /dev/net/tun is.
enum class TunLayer {
    /// Ethernet frames.
    tap,
    /// IP packets.
    tun,
};

/// The name can be a network interface's of the kernel: at most 15 characters, empty where the
/// kernel shall choose. INVALID_ARGUMENT.
absl::Status check_host_name(const std::string& name);

/// Makes a network interface of the kernel in our network namespace, down, and its other side, a
/// descriptor that does not block and keeps it alive. The caller closes it. PERMISSION_DENIED,
/// ALREADY_EXISTS for a name in use, UNAVAILABLE. Control thread.
absl::StatusOr<int> open_tun(TunLayer layer, const std::string& name);

/// Writes a packet, whatever its segments, to such a descriptor. 0, or the error's number; the
/// packet stays the caller's. Workers.
int write_packet(int fd, graph::Packet& packet) noexcept;

}  // namespace vnet::device
