// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/deterministic.hpp"

#include <absl/status/status.h>
#include <fmt/format.h>

#include <algorithm>

namespace nat44 {
namespace {

uint64_t divide_up(uint64_t number, uint64_t by) noexcept {
    return (number + by - 1) / by;
}

/// Nothing overlaps; `inside` is in order.
absl::Status check_apart(std::span<const Ip4Prefix> inside, const AddressRange& outside) {
    for (size_t i = 0; i < inside.size(); ++i) {
        if (outside.overlaps(inside[i])) {
            return absl::InvalidArgumentError(
                fmt::format("outside addresses {} overlap the inside prefix {}; give others",
                            outside.to_string(), inside[i]));
        }
        if (i > 0 && inside[i - 1].contains(inside[i])) {
            return absl::InvalidArgumentError(fmt::format(
                "inside prefix {} is part of {}; leave it out", inside[i], inside[i - 1]));
        }
    }
    return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DeterministicMapping> DeterministicMapping::make(std::span<const Ip4Prefix> inside,
                                                                AddressRange outside,
                                                                PortRange ports) {
    if (inside.empty()) {
        return absl::InvalidArgumentError(
            "a deterministic mapping has no inside prefix; give one, such as 100.64.0.0/22");
    }
    if (outside.first > outside.last) {
        return absl::InvalidArgumentError(
            fmt::format("outside addresses {}-{} are no range: the first is above the last; give "
                        "the lower one first",
                        outside.first, outside.last));
    }
    if (ports.first > ports.last || ports.size() < least_ports) {
        return absl::InvalidArgumentError(
            fmt::format("ports {}-{} are too few; give a range of {} or more", ports.first,
                        ports.last, least_ports));
    }
    std::vector<Ip4Prefix> prefixes;
    for (const Ip4Prefix& prefix : inside) {
        prefixes.push_back(prefix.normalised());
    }
    std::sort(prefixes.begin(), prefixes.end());
    if (auto status = check_apart(prefixes, outside); !status.ok()) {
        return status;
    }
    std::vector<Hosts> ranges;
    uint64_t hosts = 0;
    for (const Ip4Prefix& prefix : prefixes) {
        ranges.push_back({{prefix.first(), prefix.last()}, hosts});
        hosts += ranges.back().range.size();
    }
    const uint64_t ratio = divide_up(hosts, outside.size());
    const uint64_t most_ratio = ports.size() / least_ports;
    if (ratio > most_ratio) {
        return absl::InvalidArgumentError(fmt::format(
            "{} inside hosts behind {} outside addresses leave {} of the ports {}-{} for each, and "
            "a host needs {}; give {} outside addresses or more, or fewer hosts",
            hosts, outside.size(), ports.size() / ratio, ports.first, ports.last, least_ports,
            divide_up(hosts, most_ratio)));
    }
    return DeterministicMapping(std::move(ranges), hosts, outside, ports, uint32_t(ratio));
}

std::optional<Block> DeterministicMapping::of(Ip4Address inside) const noexcept {
    const auto after = std::upper_bound(
        inside_.begin(), inside_.end(), inside,
        [](Ip4Address address, const Hosts& hosts) { return address < hosts.range.first; });
    if (after == inside_.begin() || !std::prev(after)->range.contains(inside)) {
        return std::nullopt;
    }
    const Hosts& hosts = *std::prev(after);
    const uint64_t host = hosts.number + (inside.value() - hosts.range.first.value());
    const auto first = uint32_t(ports_.first + host % ratio_ * block_);
    return Block{Ip4Address(uint32_t(outside_.first.value() + host / ratio_)),
                 {uint16_t(first), uint16_t(first + block_ - 1)}};
}

std::optional<Ip4Address> DeterministicMapping::owner(Ip4Address outside,
                                                      uint16_t port) const noexcept {
    if (!outside_.contains(outside) || !ports_.contains(port)) {
        return std::nullopt;
    }
    const uint32_t block = uint32_t(port - ports_.first) / block_;
    const uint64_t host = uint64_t{outside.value() - outside_.first.value()} * ratio_ + block;
    if (block >= ratio_ || host >= hosts_) {
        return std::nullopt;
    }
    const auto after =
        std::upper_bound(inside_.begin(), inside_.end(), host,
                         [](uint64_t number, const Hosts& hosts) { return number < hosts.number; });
    const Hosts& hosts = *std::prev(after);
    return Ip4Address(uint32_t(hosts.range.first.value() + (host - hosts.number)));
}

}  // namespace nat44
