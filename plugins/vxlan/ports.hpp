// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "vnet/tunnel/tunnels.hpp"
#include "vnet/wire/vxlan.hpp"

namespace vxlan {

/// The UDP ports that tunnels are sent to, beside the usual one, which the plugin has for good.
/// Control thread.
class Ports {
public:
    /// `node4` and `node6` take packets out of tunnels.
    Ports(vnet::tunnel::Tunnels& tunnels, graph::NodeId node4, graph::NodeId node6)
        : tunnels_(tunnels), node4_(node4), node6_(node6) {}

    /// For one tunnel more. ALREADY_EXISTS names who has the port.
    absl::Status take(uint16_t port) {
        if (port == vnet::wire::VxlanHeader::port || users_[port]++ != 0) {
            return absl::OkStatus();
        }
        absl::Status status = tunnels_.ip4.decaps.take_udp_port(port, node4_);
        if (status.ok()) {
            status = tunnels_.ip6.decaps.take_udp_port(port, node6_);
            if (!status.ok()) {
                tunnels_.ip4.decaps.leave_udp_port(port);
            }
        }
        if (!status.ok()) {
            users_.erase(port);
        }
        return status;
    }
    /// For one less.
    void leave(uint16_t port) {
        const auto found = users_.find(port);
        if (found == users_.end() || --found->second != 0) {
            return;
        }
        users_.erase(found);
        tunnels_.ip4.decaps.leave_udp_port(port);
        tunnels_.ip6.decaps.leave_udp_port(port);
    }

private:
    vnet::tunnel::Tunnels& tunnels_;
    const graph::NodeId node4_;
    const graph::NodeId node6_;
    std::map<uint16_t, unsigned> users_;
};

}  // namespace vxlan
