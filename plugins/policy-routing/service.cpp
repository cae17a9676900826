// SPDX-License-Identifier: Apache-2.0
#include "plugins/policy-routing/service.hpp"

#include <fmt/format.h>

#include "vnet/service/convert.hpp"
#include "vnet/service/flow_match.hpp"

namespace policy_routing {

namespace {

namespace proto = sluice::policy_routing;
using vnet::service::done;

constexpr uint32_t most_dscp = 63;

/// What both families have in common.
template <class Family>
absl::Status read_upper(const proto::PolicyRule& request, Match<Family>& match) {
    if (request.has_protocol()) {
        const auto protocol = vnet::service::parse_protocol(request.protocol());
        if (!protocol.ok()) {
            return protocol.status();
        }
        match.protocol = uint8_t(*protocol);
    }
    const auto read = [](bool given, const std::string& text, auto& into) -> absl::Status {
        if (!given) {
            return absl::OkStatus();
        }
        auto range = PortRange::parse(text);
        if (range.ok()) {
            into = *range;
        }
        return range.status();
    };
    absl::Status status =
        read(request.has_source_ports(), request.source_ports(), match.source_ports);
    status.Update(read(request.has_destination_ports(), request.destination_ports(),
                       match.destination_ports));
    if (status.ok() && request.has_dscp()) {
        if (request.dscp() > most_dscp) {
            return absl::OutOfRangeError(
                fmt::format("DSCP {} is out of range; give 0 to {}", request.dscp(), most_dscp));
        }
        match.dscp = uint8_t(request.dscp());
    }
    return status;
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

/// Where a rule leads; nothing where its next hop is of the other family.
template <class Family>
absl::StatusOr<std::optional<vnet::fib::Via<typename Family::Address>>> read_via(
    vnet::Router& router, const proto::PolicyRule& request) {
    using Via = vnet::fib::Via<typename Family::Address>;
    using Answer = absl::StatusOr<std::optional<Via>>;
    if (request.has_vrf()) {
        const auto vrf = router.vrfs().find(request.vrf());
        return vrf.ok() ? Answer(Via::look_up(*vrf)) : Answer(vrf.status());
    }
    if (!request.has_next_hop()) {
        switch (request.verdict()) {
            case sluice::ROUTE_VERDICT_BLACKHOLE:
                return std::optional(Via(Via::Kind::blackhole));
            case sluice::ROUTE_VERDICT_PROHIBIT:
                return std::optional(Via(Via::Kind::prohibit));
            case sluice::ROUTE_VERDICT_UNREACHABLE:
                return std::optional(Via(Via::Kind::unreachable));
            default:
                return absl::InvalidArgumentError(
                    "the rule leads nowhere; give a next hop, a VRF to look up in, or blackhole, "
                    "prohibit or unreachable");
        }
    }
    return vnet::service::with_address(request.next_hop(), [&](auto address) -> Answer {
        if constexpr (!std::is_same_v<decltype(address), typename Family::Address>) {
            return std::optional<Via>();
        } else {
            Via via(Via::Kind::next_hop, 0, address);
            if (!address.valid_source()) {
                return absl::InvalidArgumentError(fmt::format(
                    "{} cannot be a next hop; give a router's unicast address", address));
            }
            if (request.has_by()) {
                const auto by = router.interfaces().find(request.by());
                if (!by.ok()) {
                    return by.status();
                }
                via.interface = (*by)->index;
            } else if (Family::is_of_link(address)) {
                return absl::InvalidArgumentError(
                    fmt::format("{} may be on every link; name the interface with `by`", address));
            }
            return std::optional(via);
        }
    });
}

/// The rule for one family; nothing where it is none of that family.
template <class Family>
absl::StatusOr<std::optional<Clause<Family>>> read_clause(vnet::Router& router,
                                                          const proto::PolicyRule& request) {
    Clause<Family> clause;
    const auto from = read_prefix<Family>(request.has_from(), request.from(), clause.match.from);
    const auto to = read_prefix<Family>(request.has_to(), request.to(), clause.match.to);
    const auto via = read_via<Family>(router, request);
    absl::Status status = from.status();
    status.Update(to.status());
    status.Update(via.status());
    status.Update(read_upper(request, clause.match));
    if (!status.ok()) {
        return status;
    }
    if (!*from || !*to || !*via) {
        return std::nullopt;
    }
    clause.via = **via;
    return clause;
}

std::string text(const sluice::IpPrefix& prefix) {
    return vnet::service::with_prefix(
               prefix,
               [](const auto& value) { return absl::StatusOr<std::string>(value.to_string()); })
        .value_or("-");
}

std::string matches(const proto::PolicyRule& rule) {
    std::string words;
    const auto add = [&words](bool given, const char* word, const std::string& value) {
        words += given ? fmt::format("{}{} {}", words.empty() ? "" : ", ", word, value) : "";
    };
    add(rule.has_from(), "from", text(rule.from()));
    add(rule.has_to(), "to", text(rule.to()));
    add(rule.has_protocol(), "protocol", rule.protocol());
    add(rule.has_source_ports(), "source-ports", rule.source_ports());
    add(rule.has_destination_ports(), "destination-ports", rule.destination_ports());
    add(rule.has_dscp(), "dscp", std::to_string(rule.dscp()));
    return words.empty() ? "all" : words;
}

std::string leads_to(const proto::PolicyRule& rule) {
    if (rule.has_vrf()) {
        return "lookup-in " + rule.vrf();
    }
    if (rule.has_next_hop()) {
        const auto hop = vnet::service::with_address(rule.next_hop(), [](const auto& value) {
            return absl::StatusOr<std::string>(value.to_string());
        });
        return "via " + hop.value_or("-") + (rule.has_by() ? " by " + rule.by() : "");
    }
    switch (rule.verdict()) {
        case sluice::ROUTE_VERDICT_BLACKHOLE:
            return "blackhole";
        case sluice::ROUTE_VERDICT_PROHIBIT:
            return "prohibit";
        default:
            return "unreachable";
    }
}

absl::Status add(vnet::Router& router, Policies& policies, Statements& statements,
                 const proto::PolicyRule& request) {
    const auto interface = router.interfaces().find(request.interface());
    if (!interface.ok()) {
        return interface.status();
    }
    const auto clauses = read_rule(router, request);
    if (!clauses.ok()) {
        return clauses.status();
    }
    absl::Status status = policies.add(**interface, request.number(), *clauses);
    if (status.ok()) {
        statements[{request.interface(), request.number()}] = request;
    }
    return status;
}

absl::Status remove(vnet::Router& router, Policies& policies, Statements& statements,
                    const proto::DeletePolicyRuleRequest& request) {
    const auto interface = router.interfaces().find(request.interface());
    if (!interface.ok()) {
        return interface.status();
    }
    absl::Status status = policies.remove(**interface, request.number());
    if (status.ok()) {
        statements.erase({request.interface(), request.number()});
    }
    return status;
}

std::vector<proto::PolicyRuleState> list(vnet::Router& router, const Policies& policies,
                                         const Statements& statements) {
    std::vector<proto::PolicyRuleState> all;
    for (const auto& [place, rule] : statements) {
        proto::PolicyRuleState& state = all.emplace_back();
        state.set_interface(place.first);
        state.set_number(place.second);
        state.set_matches(matches(rule));
        state.set_leads_to(leads_to(rule));
        if (const auto interface = router.interfaces().find(place.first); interface.ok()) {
            const Policies::Totals totals = policies.totals((*interface)->index, place.second);
            state.set_packets(totals.packets);
            state.set_bytes(totals.bytes);
        }
    }
    return all;
}

}  // namespace

absl::StatusOr<Clauses> read_rule(vnet::Router& router, const proto::PolicyRule& request) {
    if (request.has_next_hop() + request.has_vrf() + request.has_verdict() > 1 ||
        (request.has_by() && !request.has_next_hop())) {
        return absl::InvalidArgumentError(
            "a rule leads to one place: a next hop, and the interface to it, a VRF, or a verdict");
    }
    const auto ip4 = read_clause<Ip4>(router, request);
    const auto ip6 = read_clause<Ip6>(router, request);
    absl::Status status = ip4.status();
    status.Update(ip6.status());
    if (!status.ok()) {
        return status;
    }
    if (!*ip4 && !*ip6) {
        return absl::InvalidArgumentError(
            "the rule's addresses are of both families; give those of one");
    }
    return Clauses{*ip4, *ip6};
}

absl::Status register_service(vnet::plugin::Registry& registry, Policies& policies,
                              std::shared_ptr<Statements> statements) {
    vnet::Router& router = registry.router();
    registry.add_config([statements](const api::config::Emit& emit) {
        for (const auto& [place, rule] : *statements) {
            emit("sluice.policy_routing.PolicyRules.Add", rule);
        }
    });
    absl::Status status = registry.add_unary<proto::PolicyRule, sluice::Empty>(
        "sluice.policy_routing.PolicyRules.Add",
        [&router, &policies, statements](const auto& request) {
            return done(add(router, policies, *statements, request));
        });
    status.Update(registry.add_unary<proto::DeletePolicyRuleRequest, sluice::Empty>(
        "sluice.policy_routing.PolicyRules.Delete",
        [&router, &policies, statements](const auto& request) {
            return done(remove(router, policies, *statements, request));
        }));
    status.Update(registry.add_list<proto::ListPolicyRulesRequest, proto::PolicyRuleState>(
        "sluice.policy_routing.PolicyRules.List",
        [&router, &policies,
         statements](const auto&) -> absl::StatusOr<api::ItemSource<proto::PolicyRuleState>> {
            return api::items(list(router, policies, *statements));
        }));
    return status;
}

}  // namespace policy_routing
