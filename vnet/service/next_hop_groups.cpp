// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "vnet/proto/next_hop_group.pb.h"
#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

constexpr size_t longest_name = 32;

/// As for interfaces: it stands in a line without quotes.
absl::Status check_group_name(const std::string& name) {
    const bool good =
        !name.empty() && name.size() <= longest_name &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
        });
    return good ? absl::OkStatus()
                : absl::InvalidArgumentError(
                      fmt::format("'{}' cannot be a next-hop group's name; give 1 to {} letters, "
                                  "digits and - _ . /",
                                  name, longest_name));
}

/// Calls `call` with the router's network of the family that has the group.
template <class Call>
absl::Status with_group(Router& router, const std::string& name, Call&& call) {
    if (router.ip4().groups->find(name) != 0) {
        return call(router.ip4(), ip4::Family());
    }
    if (router.ip6().groups->find(name) != 0) {
        return call(router.ip6(), ip6::Family());
    }
    return absl::NotFoundError(fmt::format("there is no next-hop group '{}'; add it first", name));
}

absl::Status add(Router& router, const sluice::AddNextHopGroupRequest& request) {
    const std::string& name = request.name();
    if (auto status = check_group_name(name); !status.ok()) {
        return status;
    }
    if (router.ip4().groups->find(name) != 0 || router.ip6().groups->find(name) != 0) {
        return absl::AlreadyExistsError(
            fmt::format("there is a next-hop group '{}' already", name));
    }
    const auto vrf = read_vrf(router, request.has_vrf(), request.vrf());
    if (!vrf.ok()) {
        return vrf.status();
    }
    switch (request.family()) {
        case sluice::GROUP_FAMILY_IP4:
            return router.ip4().groups->add(name, *vrf);
        case sluice::GROUP_FAMILY_IP6:
            return router.ip6().groups->add(name, *vrf);
        default:
            return absl::InvalidArgumentError(
                fmt::format("{} is not a family; it is ip4 or ip6", int(request.family())));
    }
}

/// Calls `call(groups, interface index, address)` with the member that a request names.
template <class Request, class Call>
absl::Status with_member(Router& router, const Request& request, Call&& call) {
    interface::Index index = 0;
    if (request.has_interface()) {
        const auto interface = router.interfaces().find(request.interface());
        if (!interface.ok()) {
            return interface.status();
        }
        index = (*interface)->index;
    }
    return with_group(router, request.group(), [&](auto& network, auto family) {
        using Family = decltype(family);
        return with_address(request.next_hop(), [&](auto address) -> absl::Status {
            if constexpr (std::is_same_v<decltype(address), typename Family::Address>) {
                return call(network, family, index, address);
            } else {
                return absl::InvalidArgumentError(
                    fmt::format("{} cannot be in next-hop group '{}', which is of {}; give an {} "
                                "address",
                                address, request.group(), Family::name, Family::name));
            }
        });
    });
}

absl::Status add_member(Router& router, const sluice::AddNextHopGroupMemberRequest& request) {
    return with_member(
        router, request,
        [&](auto& network, auto family, interface::Index index, auto address) -> absl::Status {
            using Family = decltype(family);
            const interface::Vrf vrf = network.groups->vrf_of(request.group(), index);
            if (Family::is_of_link(address) ? network.addresses->owner_on(index, address)
                                            : network.addresses->owner(address, vrf) != 0) {
                return absl::InvalidArgumentError(
                    fmt::format("{} is an address of this router; give another router's", address));
            }
            return network.groups->set_member(request.group(), index, address,
                                              request.has_weight() ? request.weight() : 1);
        });
}

absl::Status remove_member(Router& router, const sluice::DeleteNextHopGroupMemberRequest& request) {
    return with_member(router, request,
                       [&](auto& network, auto, interface::Index index, auto address) {
                           return network.groups->remove_member(request.group(), index, address);
                       });
}

template <class Groups>
void append_groups(Router& router, const Groups& groups, sluice::GroupFamily family,
                   std::vector<sluice::NextHopGroup>& all) {
    for (const std::string& name : groups.names()) {
        const auto members = groups.members(name);
        sluice::NextHopGroup& message = all.emplace_back();
        message.set_name(name);
        message.set_family(family);
        message.set_vrf(router.vrfs().name_of(groups.vrf(name)));
        message.set_routes(groups.routes(name));
        message.set_members(uint32_t(members.size()));
        message.set_used(
            uint32_t(std::count_if(members.begin(), members.end(), [](const auto& member) {
                return member.state == fib::MemberState::used;
            })));
    }
}

template <class Groups>
void append_members(Router& router, const Groups& groups, const std::string& name,
                    std::vector<sluice::NextHopGroupMember>& all) {
    for (const auto& member : groups.members(name)) {
        sluice::NextHopGroupMember& message = all.emplace_back();
        message.set_group(name);
        *message.mutable_next_hop() = ip_to_api(member.next_hop);
        message.set_interface(router.interfaces().name_of(member.place));
        message.set_weight(member.weight);
        message.set_state(std::string(fib::name(member.state)));
        message.set_buckets(member.buckets);
        message.set_vrf(router.vrfs().name_of(groups.vrf_of(name, member.interface)));
    }
}

absl::StatusOr<api::ItemSource<sluice::NextHopGroup>> list_groups(Router& router) {
    std::vector<sluice::NextHopGroup> all;
    append_groups(router, *router.ip4().groups, sluice::GROUP_FAMILY_IP4, all);
    append_groups(router, *router.ip6().groups, sluice::GROUP_FAMILY_IP6, all);
    return api::items(std::move(all));
}

absl::StatusOr<api::ItemSource<sluice::NextHopGroupMember>> list_members(
    Router& router, const sluice::ListNextHopGroupMembersRequest& request) {
    std::vector<sluice::NextHopGroupMember> all;
    const auto append = [&](const auto& groups) {
        for (const std::string& name : groups.names()) {
            if (!request.has_group() || request.group() == name) {
                append_members(router, groups, name, all);
            }
        }
    };
    if (request.has_group()) {
        const absl::Status known =
            with_group(router, request.group(), [](auto&, auto) { return absl::OkStatus(); });
        if (!known.ok()) {
            return known;
        }
    }
    append(*router.ip4().groups);
    append(*router.ip6().groups);
    return api::items(std::move(all));
}

/// Members without an interface and those by one, each behind its group.
template <class Groups>
void write_groups(Router& router, const Groups& groups, sluice::GroupFamily family,
                  const api::config::Emit& emit) {
    for (const std::string& name : groups.names()) {
        sluice::AddNextHopGroupRequest group;
        group.set_name(name);
        group.set_family(family);
        if (const interface::Vrf vrf = groups.vrf(name); vrf != interface::default_vrf) {
            group.set_vrf(router.vrfs().name_of(vrf));
        }
        emit("sluice.NextHopGroups.Add", group);
        // In an order that does not tell when which came.
        auto members = groups.members(name);
        std::stable_sort(members.begin(), members.end(), [](const auto& one, const auto& other) {
            return one.next_hop < other.next_hop;
        });
        for (const auto& member : members) {
            sluice::AddNextHopGroupMemberRequest request;
            request.set_group(name);
            *request.mutable_next_hop() = ip_to_api(member.next_hop);
            if (member.interface != 0) {
                request.set_interface(router.interfaces().name_of(member.interface));
            }
            if (member.weight != 1) {
                request.set_weight(member.weight);
            }
            emit("sluice.NextHopGroups.AddMember", request);
        }
    }
}

/// FAILED_PRECONDITION where a group is of the VRF.
template <class Groups>
absl::Status check_no_group(Router& router, const Groups& groups, interface::Vrf vrf) {
    for (const std::string& name : groups.names()) {
        if (groups.vrf(name) == vrf) {
            return absl::FailedPreconditionError(
                fmt::format("VRF '{}' has the next-hop group '{}'; delete that first",
                            router.vrfs().name_of(vrf), name));
        }
    }
    return absl::OkStatus();
}

}  // namespace

absl::Status register_next_hop_groups(api::Registry& registry, Router& router) {
    router.vrfs().guard([&router](interface::Vrf vrf) {
        absl::Status status = check_no_group(router, *router.ip4().groups, vrf);
        status.Update(check_no_group(router, *router.ip6().groups, vrf));
        return status;
    });
    registry.config().add("next-hop-groups", [&router](const auto& emit) {
        write_groups(router, *router.ip4().groups, sluice::GROUP_FAMILY_IP4, emit);
        write_groups(router, *router.ip6().groups, sluice::GROUP_FAMILY_IP6, emit);
    });
    absl::Status status;
    status.Update(registry.add_unary<sluice::AddNextHopGroupRequest, sluice::Empty>(
        "sluice.NextHopGroups.Add",
        [&router](const auto& request) { return done(add(router, request)); }));
    status.Update(registry.add_unary<sluice::DeleteNextHopGroupRequest, sluice::Empty>(
        "sluice.NextHopGroups.Delete", [&router](const auto& request) {
            return done(with_group(router, request.name(), [&](auto& network, auto) {
                return network.groups->remove(request.name());
            }));
        }));
    status.Update(registry.add_unary<sluice::AddNextHopGroupMemberRequest, sluice::Empty>(
        "sluice.NextHopGroups.AddMember",
        [&router](const auto& request) { return done(add_member(router, request)); }));
    status.Update(registry.add_unary<sluice::DeleteNextHopGroupMemberRequest, sluice::Empty>(
        "sluice.NextHopGroups.DeleteMember",
        [&router](const auto& request) { return done(remove_member(router, request)); }));
    status.Update(registry.add_list<sluice::ListNextHopGroupsRequest, sluice::NextHopGroup>(
        "sluice.NextHopGroups.List", [&router](const auto&) { return list_groups(router); }));
    status.Update(
        registry.add_list<sluice::ListNextHopGroupMembersRequest, sluice::NextHopGroupMember>(
            "sluice.NextHopGroups.ListMembers",
            [&router](const auto& request) { return list_members(router, request); }));
    return status;
}

}  // namespace vnet::service
