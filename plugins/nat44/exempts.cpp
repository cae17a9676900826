// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/exempts.hpp"

#include <fmt/format.h>

#include <vector>

#include "vnet/flow/quote.hpp"

namespace nat44 {

absl::StatusOr<uint16_t> Exempts::free_number(const Exempt& exempt) const {
    if (!exempt.destination.is_normalised()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is not a network: bits behind the prefix length are set; {} would be right",
            exempt.destination, exempt.destination.normalised()));
    }
    if (exempt.ports) {
        if (!exempt.protocol || !vnet::flow::has_ports(vnet::wire::IpProtocol(*exempt.protocol))) {
            return absl::InvalidArgumentError(
                "ports are of a protocol that has them; give protocol tcp or protocol udp too");
        }
        if (exempt.ports->first == 0 || exempt.ports->first > exempt.ports->last) {
            return absl::OutOfRangeError(
                fmt::format("ports {} to {} are no range; give 1 to 65535, the lower one first",
                            exempt.ports->first, exempt.ports->last));
        }
    }
    if (all_.contains(exempt)) {
        return absl::AlreadyExistsError(fmt::format("{} is exempt already", exempt.to_string()));
    }
    std::vector<bool> taken(most_exempts);
    for (const auto& [other, entry] : all_) {
        taken[entry.number] = true;
    }
    for (uint16_t number = 0; number < most_exempts; ++number) {
        if (!taken[number]) {
            return number;
        }
    }
    return absl::ResourceExhaustedError(
        fmt::format("there are {} exempts, and no more can be", most_exempts));
}

absl::Status Exempts::add(const Exempt& exempt, const std::function<uint64_t(uint16_t)>& counted) {
    const auto number = free_number(exempt);
    if (!number.ok()) {
        return number.status();
    }
    all_.emplace(exempt, Entry{*number, counted(*number)});
    index_ = make_index();
    return absl::OkStatus();
}

absl::Status Exempts::remove(const Exempt& exempt) {
    if (all_.erase(exempt) == 0) {
        return absl::NotFoundError(fmt::format(
            "{} is not exempt as such; `show nat44 exempts` lists what is", exempt.to_string()));
    }
    index_ = make_index();
    return absl::OkStatus();
}

std::shared_ptr<const ExemptIndex> Exempts::make_index() const {
    if (all_.empty()) {
        return nullptr;
    }
    std::vector<ExemptIndex::Numbered> numbered;
    for (const auto& [exempt, entry] : all_) {
        numbered.push_back({exempt, entry.number});
    }
    return std::make_shared<const ExemptIndex>(numbered);
}

}  // namespace nat44
