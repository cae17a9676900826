// SPDX-License-Identifier: Apache-2.0
#include "vnet/vrf/vrfs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace vnet::vrf {

namespace {

constexpr size_t longest_name = 32;

bool is_good(const std::string& name) {
    return !name.empty() && name.size() <= longest_name &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
           });
}

}  // namespace

absl::StatusOr<interface::Vrf> Vrfs::add(const std::string& name) {
    if (!is_good(name)) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' cannot name a VRF; use 1 to {} letters, digits and - _ .", name, longest_name));
    }
    if (find(name).ok()) {
        return absl::AlreadyExistsError(fmt::format("VRF '{}' is there already", name));
    }
    // The lowest number that is free: tables are made for few numbers so.
    size_t number = 0;
    while (number < interface::most_vrfs && names_.contains(interface::Vrf(number))) {
        ++number;
    }
    if (number == interface::most_vrfs) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for VRF '{}': there are {} beside the default one", name,
                        interface::most_vrfs - 1));
    }
    const auto vrf = interface::Vrf(number);
    parts_.ip4.fibs->make(vrf);
    parts_.ip6.fibs->make(vrf);
    names_[vrf] = name;
    return vrf;
}

absl::StatusOr<interface::Vrf> Vrfs::find(const std::string& name) const {
    std::string known;
    for (const auto& [vrf, one] : names_) {
        if (one == name) {
            return vrf;
        }
        known += (known.empty() ? "" : ", ") + one;
    }
    return absl::NotFoundError(fmt::format("there is no VRF '{}'; there are: {}", name, known));
}

const std::string& Vrfs::name_of(interface::Vrf vrf) const {
    static const std::string none = "-";
    const auto found = names_.find(vrf);
    return found == names_.end() ? none : found->second;
}

std::vector<interface::Index> Vrfs::interfaces_of(interface::Vrf vrf) const {
    std::vector<interface::Index> members;
    for (const auto& [index, interface] : parts_.interfaces.all()) {
        if (interface.vrf == vrf) {
            members.push_back(index);
        }
    }
    return members;
}

absl::Status Vrfs::check_unused(interface::Vrf vrf) const {
    if (const auto members = interfaces_of(vrf); !members.empty()) {
        return absl::FailedPreconditionError(
            fmt::format("interface '{}' is in VRF '{}'; put it into another first",
                        parts_.interfaces.name_of(members.front()), name_of(vrf)));
    }
    for (const Guard& guard : guards_) {
        if (absl::Status status = guard(vrf); !status.ok()) {
            return status;
        }
    }
    if (const size_t leading = parts_.ip4.fibs->led_to(vrf) + parts_.ip6.fibs->led_to(vrf);
        leading != 0) {
        return absl::FailedPreconditionError(
            fmt::format("{} routes or rules of others lead to VRF '{}'; delete them first", leading,
                        name_of(vrf)));
    }
    return absl::OkStatus();
}

absl::Status Vrfs::remove(const std::string& name) {
    const auto vrf = find(name);
    if (!vrf.ok()) {
        return vrf.status();
    }
    if (*vrf == interface::default_vrf) {
        return absl::InvalidArgumentError("the default VRF is always there; delete another");
    }
    if (absl::Status status = check_unused(*vrf); !status.ok()) {
        return status;
    }
    parts_.ip4.fibs->remove(*vrf);
    parts_.ip6.fibs->remove(*vrf);
    names_.erase(*vrf);
    return absl::OkStatus();
}

absl::Status Vrfs::move(interface::Index index, interface::Vrf to, const Parting& parting) {
    const interface::Vrf from = parts_.interfaces.vrf_of(index);
    if (from == to) {
        return absl::OkStatus();
    }
    // First the routes where packets will be looked up, then the packets, then the routes where
    // nobody looks for them any more.
    absl::Status status = parts_.ip4.addresses->enter(index, to, parting.ip4);
    if (status.ok() && !(status = parts_.ip6.addresses->enter(index, to, parting.ip6)).ok()) {
        parts_.ip4.addresses->leave(index, to, parting.ip4);
    }
    if (!status.ok()) {
        return status;
    }
    parts_.ip4.addresses->give_up(index, to, parting.ip4);
    parts_.ip6.addresses->give_up(index, to, parting.ip6);
    parts_.ip4.neighbors->enter(index, to);
    parts_.ip6.neighbors->enter(index, to);
    parts_.interfaces.set_vrf(index, to);
    parts_.rcu.synchronize();
    parts_.ip4.neighbors->leave(index, from);
    parts_.ip6.neighbors->leave(index, from);
    parts_.ip4.addresses->leave(index, from);
    parts_.ip6.addresses->leave(index, from);
    return absl::OkStatus();
}

}  // namespace vnet::vrf
