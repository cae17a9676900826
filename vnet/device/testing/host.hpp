// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "vnet/wire/mac.hpp"
#include "vnet/wire/testing/hex.hpp"

/// The kernel's side of a test: a network namespace of its own, its interfaces, raw sockets on
/// them.
namespace vnet::device::testing {

using wire::testing::Bytes;

/// Moves this thread to a fresh network namespace, in which only "lo" is. Says why where that is
/// not possible.
std::string enter_own_network();

/// A shell command; true when it succeeds.
bool run(const std::string& command);

bool host_exists(const std::string& interface);
bool host_is_up(const std::string& interface);
bool set_host_up(const std::string& interface, bool up);
int host_mtu(const std::string& interface);
wire::MacAddress host_mac(const std::string& interface);

/// A raw socket on an interface of this thread's namespace.
class HostSocket {
public:
    explicit HostSocket(const std::string& interface);
    ~HostSocket();
    HostSocket(const HostSocket&) = delete;
    HostSocket& operator=(const HostSocket&) = delete;
    bool send(const Bytes& frame) const;
    /// The next frame of that type that comes in; empty after ten seconds.
    Bytes receive(uint16_t ether_type) const;

private:
    int fd_;
};

/// A process that keeps another network namespace open for as long as this lives.
class OtherNetwork {
public:
    OtherNetwork();
    ~OtherNetwork();
    OtherNetwork(const OtherNetwork&) = delete;
    OtherNetwork& operator=(const OtherNetwork&) = delete;
    pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_;
};

}  // namespace vnet::device::testing
