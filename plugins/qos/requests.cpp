// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/requests.hpp"

#include <fmt/format.h>

#include "vnet/service/convert.hpp"
#include "vnet/service/flow_match.hpp"

namespace qos {

namespace {

namespace proto = sluice::qos;
constexpr uint32_t most_mark = graph::treatment::mark_mask >> graph::treatment::mark_shift;
constexpr uint64_t bytes_of_a_kilobit = 125;

absl::Status no_value(std::string_view what, int value) {
    return absl::InvalidArgumentError(fmt::format("{} is no {}", value, what));
}

/// A number below a bound, where it is given.
template <class Into>
absl::Status read_number(std::string_view what, bool given, uint32_t value, uint32_t most,
                         std::optional<Into>& into) {
    if (given && value > most) {
        return absl::OutOfRangeError(
            fmt::format("{} {} is out of range; give 0 to {}", what, value, most));
    }
    if (given) {
        into = Into(value);
    }
    return absl::OkStatus();
}

absl::StatusOr<Action> read_action(proto::PolicerAction action, bool has_dscp, uint32_t dscp) {
    if (!proto::PolicerAction_IsValid(action)) {
        return no_value("action of a policer", action);
    }
    Action made;
    made.drops = action == proto::POLICER_ACTION_DROP;
    absl::Status status = read_number("DSCP", has_dscp, dscp, dscps - 1, made.dscp);
    return status.ok() ? absl::StatusOr<Action>(made) : status;
}

absl::Status read_actions(const proto::QosPolicer& request, Policer::Setting& setting) {
    const auto conform =
        read_action(request.conform(), request.has_conform_dscp(), request.conform_dscp());
    const auto exceed =
        read_action(request.exceed(), request.has_exceed_dscp(), request.exceed_dscp());
    // A DSCP for what violates says that it passes.
    const bool drops = !request.has_violate() && !request.has_violate_dscp();
    const auto violate = read_action(drops ? proto::POLICER_ACTION_DROP : request.violate(),
                                     request.has_violate_dscp(), request.violate_dscp());
    for (const auto& action : {conform, exceed, violate}) {
        if (!action.ok()) {
            return action.status();
        }
    }
    setting.actions = {*conform, *exceed, *violate};
    return absl::OkStatus();
}

/// A prefix that is given has to be of the family: true where it is, or none is given.
template <class Family>
absl::StatusOr<bool> read_prefix(bool given, const sluice::IpPrefix& message,
                                 std::optional<typename Family::Prefix>& into) {
    if (!given) {
        return true;
    }
    return vnet::service::with_prefix(message, [&](const auto& prefix) -> absl::StatusOr<bool> {
        if (!prefix.is_normalised()) {
            return absl::InvalidArgumentError(fmt::format(
                "{} is not a network: bits behind the prefix length are set; {} would be right",
                prefix, prefix.normalised()));
        }
        if constexpr (std::is_same_v<std::decay_t<decltype(prefix)>, typename Family::Prefix>) {
            into = prefix;
            return true;
        } else {
            return false;
        }
    });
}

absl::Status read_ports(bool given, const std::string& text,
                        std::optional<vnet::wire::PortRange>& into) {
    if (!given) {
        return absl::OkStatus();
    }
    const auto range = vnet::wire::PortRange::parse(text);
    if (range.ok()) {
        into = *range;
    }
    return range.status();
}

/// The rule for one family; nothing where it is none of that family.
template <class Family>
absl::StatusOr<std::optional<vnet::classify::Rule<Family>>> read_match(
    const vnet::interface::Table& interfaces, const proto::QosRule& request) {
    vnet::classify::Rule<Family> rule;
    const auto from = read_prefix<Family>(request.has_from(), request.from(), rule.from);
    const auto to = read_prefix<Family>(request.has_to(), request.to(), rule.to);
    absl::Status status = from.status();
    status.Update(to.status());
    if (request.has_protocol()) {
        const auto protocol = vnet::service::parse_protocol(request.protocol());
        status.Update(protocol.status());
        if (protocol.ok()) {
            // In IPv6, ICMP is ICMPv6.
            const bool is_icmp6 = std::is_same_v<Family, vnet::classify::Ip6> &&
                                  *protocol == vnet::wire::IpProtocol::icmp;
            rule.protocol = uint8_t(is_icmp6 ? vnet::wire::IpProtocol::icmp6 : *protocol);
        }
    }
    status.Update(
        read_ports(request.has_source_ports(), request.source_ports(), rule.source_ports));
    status.Update(read_ports(request.has_destination_ports(), request.destination_ports(),
                             rule.destination_ports));
    status.Update(read_number("DSCP", request.has_dscp(), request.dscp(), dscps - 1, rule.dscp));
    status.Update(read_number("priority", request.has_priority(), request.priority(),
                              priorities - 1, rule.priority));
    status.Update(
        read_number("mark", request.has_marked(), request.marked(), most_mark, rule.mark));
    if (status.ok() && request.has_came_in_by()) {
        const auto interface = interfaces.find(request.came_in_by());
        if (!interface.ok()) {
            return interface.status();
        }
        rule.rx_interface = (*interface)->index;
    }
    if (!status.ok()) {
        return status;
    }
    return *from && *to ? std::optional(rule) : std::nullopt;
}

}  // namespace

absl::StatusOr<MapKind> read_kind(proto::MapKind kind) {
    if (!proto::MapKind_IsValid(kind)) {
        return no_value("kind of map", kind);
    }
    return MapKind(kind);
}

absl::StatusOr<Side> read_side(proto::Direction direction) {
    if (!proto::Direction_IsValid(direction)) {
        return no_value("direction", direction);
    }
    return direction == proto::DIRECTION_INPUT ? Side::input : Side::output;
}

absl::StatusOr<Policer::Setting> read_policer(const proto::QosPolicer& request) {
    if (!proto::PolicerKind_IsValid(request.kind())) {
        return no_value("kind of policer", request.kind());
    }
    if (!proto::RateUnit_IsValid(request.unit())) {
        return no_value("unit of a rate", request.unit());
    }
    if (!proto::PolicerScope_IsValid(request.per())) {
        return no_value("scope of a policer", request.per());
    }
    // In the enums' order.
    Policer::Setting setting;
    setting.terms.kind = vnet::meter::Kind(request.kind());
    setting.scope = Scope(request.per());
    setting.terms.colour_aware = request.colour_aware();
    const bool by_bytes = request.unit() == proto::RATE_UNIT_KILOBITS;
    setting.terms.unit = by_bytes ? vnet::meter::Unit::bytes : vnet::meter::Unit::packets;
    constexpr uint64_t most_kilobits = vnet::meter::most_bytes_per_second / bytes_of_a_kilobit;
    for (const uint64_t rate : {request.rate(), request.second_rate()}) {
        if (by_bytes && rate > most_kilobits) {
            return absl::OutOfRangeError(fmt::format(
                "a rate of {} kbit/s is out of range; give 8 to {}", rate, most_kilobits));
        }
    }
    if (by_bytes && request.rate() * bytes_of_a_kilobit < vnet::meter::least_bytes_per_second) {
        return absl::OutOfRangeError(fmt::format(
            "a rate of {} kbit/s is out of range; give 8 to {}", request.rate(), most_kilobits));
    }
    const uint64_t factor = by_bytes ? bytes_of_a_kilobit : 1;
    setting.terms.committed_rate = request.rate() * factor;
    setting.terms.committed_burst = request.burst();
    setting.terms.second_rate = request.second_rate() * factor;
    setting.terms.second_burst = request.second_burst();
    if (request.has_flows()) {
        setting.flows = request.flows();
    }
    absl::Status status = read_actions(request, setting);
    if (!status.ok()) {
        return status;
    }
    return setting;
}

absl::StatusOr<TrustSetting> read_trust(const proto::QosTrust& request) {
    if (!proto::Trust_IsValid(request.trust())) {
        return no_value("trust", request.trust());
    }
    std::optional<uint8_t> of_all;
    if (absl::Status status =
            read_number("class", request.has_class_(), request.class_(), classes - 1, of_all);
        !status.ok()) {
        return status;
    }
    return TrustSetting{Trust(request.trust()), request.map(), of_all.value_or(0)};
}

absl::StatusOr<MarkSetting> read_marking(const proto::QosMarking& request) {
    if (!proto::Marks_IsValid(request.marks())) {
        return no_value("choice of marks", request.marks());
    }
    return MarkSetting{request.marks() != proto::MARKS_PRIORITY,
                       request.marks() != proto::MARKS_DSCP, request.dscp_map(),
                       request.priority_map()};
}

absl::StatusOr<RuleSetting> read_rule(const vnet::interface::Table& interfaces,
                                      const proto::QosRule& request) {
    if (!request.has_class_() && !request.has_mark() && !request.has_policer()) {
        return absl::InvalidArgumentError(
            "the rule does nothing; give it a class, a mark or a policer");
    }
    const auto ip4 = read_match<vnet::classify::Ip4>(interfaces, request);
    const auto ip6 = read_match<vnet::classify::Ip6>(interfaces, request);
    RuleSetting setting;
    absl::Status status = ip4.status();
    status.Update(ip6.status());
    status.Update(read_number("class", request.has_class_(), request.class_(), classes - 1,
                              setting.traffic_class));
    status.Update(read_number("mark", request.has_mark(), request.mark(), most_mark, setting.mark));
    if (!status.ok()) {
        return status;
    }
    setting.ip4 = *ip4;
    setting.ip6 = *ip6;
    setting.policer = request.policer();
    if (!setting.ip4 && !setting.ip6) {
        return absl::InvalidArgumentError(
            "the rule's addresses are of both families; give those of one");
    }
    return setting;
}

}  // namespace qos
