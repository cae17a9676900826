// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "vnet/wire/mac.hpp"

namespace vnet::device {

/// The kernel's side of a tap or tun, found through our descriptor of it: whatever its name is by
/// now and whichever network namespace it was moved to. Control thread.
class HostLink {
public:
    /// `tap_fd` stays the caller's and must outlive this.
    explicit HostLink(int tap_fd) : tap_fd_(tap_fd) {}
    ~HostLink();
    HostLink(const HostLink&) = delete;
    HostLink& operator=(const HostLink&) = delete;

    /// Its name now; empty when it is gone.
    std::string name() const;
    bool up() const;
    absl::Status set_up(bool up);
    absl::Status set_mtu(uint32_t mtu);
    absl::StatusOr<wire::MacAddress> mac() const;
    /// A number for the namespace that it is in now; 0 where the kernel does not say.
    uint64_t where() const;
    /// A socket of any kind in that namespace; -1 where there is none. The caller closes it.
    int open_socket(int domain, int type, int protocol) const;

private:
    int socket_there() const;

    int tap_fd_;
    /// A socket in the namespace that has this inode.
    mutable int socket_ = -1;
    mutable uint64_t namespace_ = 0;
};

}  // namespace vnet::device
