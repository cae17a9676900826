// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vnet::device {

/// What DPDK's interface does not tell of a driver, and what was found out by trying (see the
/// README).
struct DriverTraits {
    /// Works again after rte_eth_dev_stop(). Where not, such a port is never stopped, only left
    /// alone.
    bool restarts = true;
    /// The kernel fills its receive ring while nobody polls: what waits there is old when the port
    /// comes up.
    bool fills_while_down = false;
    /// Delivers every packet whatever its destination, so that the MAC address is ours to choose.
    bool takes_any_mac = false;
    /// Which transmit queues work is agreed with the peer: no more of them than receive queues
    /// unless asked for.
    bool queues_in_pairs = false;
    /// Receives what is longer than a buffer in several, and sends it from several, whatever it
    /// says of its longest packet.
    bool chains = false;
    /// Leaves AF_XDP sockets open when it is closed.
    bool leaves_sockets = false;
    /// Receives from a socket of this domain for each queue, which a worker can sleep on; 0: from
    /// none.
    int socket_domain = 0;
    /// Opens them when the device is plugged in, not when its queues are set up.
    bool sockets_at_once = false;
};

/// By the name that rte_eth_dev_info gives.
DriverTraits traits_of(std::string_view driver);

/// A socket that this process has open: descriptor and inode.
using OpenSocket = std::pair<int, ino_t>;
/// Those of a domain (AF_XDP, AF_PACKET), lowest descriptor first.
std::vector<OpenSocket> open_sockets(int domain);
/// Those that were not among `before`.
std::vector<OpenSocket> opened_since(const std::vector<OpenSocket>& before, int domain);
/// Closes those of `sockets` that are still the same open socket.
void close_sockets(const std::vector<OpenSocket>& sockets);

/// Puts a descriptor that never becomes readable in the place of the socket that listens on `name`,
/// a path or an abstract name. DPDK's memif driver neither closes its listener nor takes it from
/// the interrupt thread, which would call into freed memory when a peer connects, and give up on a
/// descriptor that is closed.
void silence_listener(const std::string& name);

/// Returns when DPDK's interrupt thread has done all that was to be done before the call. Drivers
/// leave it work that refers to a port, and do not wait for that when the port is closed.
void wait_for_interrupt_thread();

}  // namespace vnet::device
