// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/hop.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::interface {

/// What a device counts for one of its queues.
struct QueueCounters {
    bool receives = false;
    unsigned queue = 0;
    uint64_t packets = 0;
    uint64_t bytes = 0;
};

/// What stands behind an interface: a DPDK port, a tap, a tunnel. A kind of interface is a class
/// derived from this one, with the node that transmits; nothing else lists the kinds. Control
/// thread.
class Device {
public:
    virtual ~Device() = default;

    /// The kind's name as it is shown: "port", "tap", "vxlan".
    virtual std::string_view kind() const = 0;
    /// The node that sends packets whose Metadata::tx_interface is this one.
    virtual graph::NodeId tx_node() const = 0;
    /// The number by which that node finds the device in its own table.
    virtual uint32_t unit() const { return 0; }
    virtual wire::MacAddress mac() const = 0;
    /// Largest layer-3 packet that it can carry, in bytes.
    virtual uint32_t max_mtu() const = 0;
    /// Bytes that frames may have beyond MTU and Ethernet header, for tags (802.1Q). What has none,
    /// as a tunnel, carries tags at the cost of what they are of.
    virtual uint32_t tag_room() const { return 8; }
    /// What it was made of, in the words of the command that made it: a device's arguments, a host
    /// interface.
    virtual std::string description() const = 0;
    /// What it carries are Ethernet frames: others cannot be bridged, joined or have VLANs.
    virtual bool carries_ethernet() const { return true; }

    /// Starts or stops receiving and transmitting. When set_up(false) returns, no worker polls it.
    virtual absl::Status set_up(bool up) = 0;
    virtual absl::Status set_mtu(uint32_t mtu) = 0;
    virtual absl::Status set_mac(const wire::MacAddress& mac) = 0;
    /// Has it take in frames to other stations too, or no longer. For a device that filters; one
    /// that filters and cannot be told otherwise says so in the log.
    virtual void set_promiscuous(bool) {}
    virtual bool link_up() const = 0;
    /// Called every second or more often while the interface is up and its link is down: a device
    /// whose driver does not find its peer again by itself tries anew.
    virtual void rejoin() {}
    /// Counters of the hardware or kernel behind it, by name.
    virtual std::vector<std::pair<std::string, uint64_t>> device_counters() const { return {}; }
    /// The same by queue, for the queues that the device counts.
    virtual std::vector<QueueCounters> queue_counters() const { return {}; }
};

}  // namespace vnet::interface
