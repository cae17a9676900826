// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "vnet/fib/groups.hpp"
#include "vnet/fib/load_balance.hpp"
#include "vnet/ip4/testing/net.hpp"

namespace vnet::fib::testing {

/// The small router of vnet/ip4 with next-hop groups; its packets stop where a member was chosen.
class GroupNet {
public:
    using Groups = fib::Groups<ip4::Family>;
    using Net = ip4::testing::Net;
    static constexpr uint64_t seed = 7;

    GroupNet() {
        net.add_lookup();
        const auto node =
            net.bench.add(std::make_shared<const LoadBalance<ip4::Family>>(net.forwarding, seed));
        net.start();
        groups =
            std::make_unique<Groups>(Groups::Parts{net.interfaces, net.forwarding, *net.next_hops,
                                                   *net.fibs, node, net.paths.unreachable});
    }
    ~GroupNet() {
        // Interfaces tell the groups that they go.
        net.interfaces.remove_all();
        groups.reset();
    }

    /// Makes it known where a next hop of lan is.
    void resolve(const std::string& next_hop, interface::Index interface = Net::lan) {
        net.next_hops->resolved(interface, wire::testing::ip(next_hop.c_str()),
                                wire::testing::mac("02:00:00:00:00:b9"));
    }
    void lose(const std::string& next_hop, interface::Index interface = Net::lan) {
        net.next_hops->lost(interface, wire::testing::ip(next_hop.c_str()));
    }
    void add_member(const std::string& group, const std::string& next_hop,
                    interface::Index interface = Net::lan, uint32_t weight = 1) {
        const absl::Status status =
            groups->set_member(group, interface, wire::testing::ip(next_hop.c_str()), weight);
        if (!status.ok()) {
            throw std::runtime_error(std::string(status.message()));
        }
    }
    /// "next hop state buckets", of each member.
    std::vector<std::string> members(const std::string& group) const {
        std::vector<std::string> all;
        for (const auto& member : groups->members(group)) {
            all.push_back(member.next_hop.to_string() + " " + std::string(name(member.state)) +
                          " " + std::to_string(member.buckets));
        }
        return all;
    }

    Net net;
    std::unique_ptr<Groups> groups;
};

}  // namespace vnet::fib::testing
