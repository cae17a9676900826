// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/rcu.hpp"
#include "vnet/ip6/addresses.hpp"
#include "vnet/neighbor/arp.hpp"
#include "vnet/neighbor/nd.hpp"
#include "vnet/network.hpp"

namespace vnet::vrf {

/// The VRFs of the router by name: each has routes of both families, and interfaces. What comes in
/// by an interface is looked up among the routes of its VRF. Owned by the Router; control thread.
class Vrfs {
public:
    static constexpr std::string_view default_name = "default";

    /// What VRFs are made of. All must outlive it.
    struct Parts {
        graph::Rcu& rcu;
        interface::Table& interfaces;
        Network<ip4::Family, neighbor::Arp>& ip4;
        Network<ip6::Family, neighbor::Nd>& ip6;
    };
    explicit Vrfs(const Parts& parts) : parts_(parts) {}
    Vrfs(const Vrfs&) = delete;
    Vrfs& operator=(const Vrfs&) = delete;

    /// Makes a VRF without interfaces and routes. INVALID_ARGUMENT for a bad name, ALREADY_EXISTS
    /// for one in use, RESOURCE_EXHAUSTED where there are 255 beside the default one.
    absl::StatusOr<interface::Vrf> add(const std::string& name);
    /// With what routes are left in it. FAILED_PRECONDITION says who needs it: interfaces, routes
    /// of others, whoever guards it.
    absl::Status remove(const std::string& name);
    /// NOT_FOUND names what there is.
    absl::StatusOr<interface::Vrf> find(const std::string& name) const;
    /// "-" where there is none.
    const std::string& name_of(interface::Vrf vrf) const;
    /// By number; the default one is first.
    const std::map<interface::Vrf, std::string>& all() const noexcept { return names_; }
    /// Interfaces that are in it, in order of creation.
    std::vector<interface::Index> interfaces_of(interface::Vrf vrf) const;

    /// Asked before a VRF is removed: refuses, with a sentence, where something needs it.
    using Guard = std::function<absl::Status(interface::Vrf)>;
    void guard(Guard guard) { guards_.push_back(std::move(guard)); }

    /// Addresses that an interface gives up when it moves.
    struct Parting {
        std::vector<wire::Ip4Prefix> ip4;
        std::vector<wire::Ip6Prefix> ip6;
    };
    /// Puts an interface into a VRF, with its addresses and neighbours and the routes that follow
    /// from them; other routes stay where they were made. Packets of others meet no gap. The
    /// addresses' own obstacles() and what else may be in the way was asked before.
    /// RESOURCE_EXHAUSTED, and nothing is changed or given up, where there is no room for the
    /// routes.
    absl::Status move(interface::Index interface, interface::Vrf vrf, const Parting& parting);
    absl::Status move(interface::Index interface, interface::Vrf vrf) {
        return move(interface, vrf, Parting());
    }

private:
    absl::Status check_unused(interface::Vrf vrf) const;

    Parts parts_;
    std::map<interface::Vrf, std::string> names_{
        {interface::default_vrf, std::string(default_name)}};
    std::vector<Guard> guards_;
};

}  // namespace vnet::vrf
