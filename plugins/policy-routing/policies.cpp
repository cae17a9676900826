// SPDX-License-Identifier: Apache-2.0
#include "plugins/policy-routing/policies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace policy_routing {

using vnet::interface::Change;
using vnet::interface::Interface;

Policies::Policies(vnet::Router& router, std::shared_ptr<Ip4Policy> ip4,
                   std::shared_ptr<Ip6Policy> ip6, Gone gone)
    : router_(router), ip4_(std::move(ip4)), ip6_(std::move(ip6)), gone_(std::move(gone)) {}

Policies::~Policies() {
    while (!interfaces_.empty()) {
        forget(interfaces_.begin()->first);
    }
}

template <class Family>
auto& Policies::fib_of(vnet::interface::Vrf vrf) {
    if constexpr (std::is_same_v<Family, Ip4>) {
        return router_.ip4().fibs->of(vrf);
    } else {
        return router_.ip6().fibs->of(vrf);
    }
}

/// Holds the path that a clause leads to, as the interface's VRF finds it.
template <class Family>
absl::Status Policies::hold(Index interface, const std::optional<Clause<Family>>& clause,
                            std::optional<Held<Family>>& held) {
    if (!clause) {
        return absl::OkStatus();
    }
    Held<Family> made{*clause, 0, router_.interfaces().vrf_of(interface)};
    made.path = fib_of<Family>(made.vrf).acquire(clause->via);
    held = made;
    if (made.path == 0) {
        release(held);
        return absl::ResourceExhaustedError(
            fmt::format("no room for the next hop of the rule: "
                        "there are {}",
                        vnet::fib::ForwardingTable::capacity - 1));
    }
    return absl::OkStatus();
}

template <class Family>
void Policies::release(std::optional<Held<Family>>& held) {
    if (held) {
        fib_of<Family>(held->vrf).release(held->clause.via);
        held.reset();
    }
}

void Policies::release(Entry& entry) {
    release(entry.ip4);
    release(entry.ip6);
}

absl::Status Policies::add(const Interface& interface, uint32_t number, const Clauses& clauses) {
    if (number == 0 || number > most_number) {
        return absl::OutOfRangeError(
            fmt::format("rule {} is out of range; give 1 to {}", number, most_number));
    }
    const Index index = interface.index;
    const auto known = interfaces_.find(index);
    const bool replaces = known != interfaces_.end() && known->second.rules.contains(number);
    if (!replaces && known != interfaces_.end() && known->second.rules.size() == most_rules) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for rule {} of interface '{}': there are {}", number,
                        interface.name, most_rules));
    }
    Entry entry;
    entry.counts = std::make_shared<Counts>(router_.engine().contexts());
    absl::Status status = hold(index, clauses.ip4, entry.ip4);
    if (status.ok()) {
        status = hold(index, clauses.ip6, entry.ip6);
    }
    if (!status.ok()) {
        release(entry);
        return status;
    }
    Entry before = std::exchange(interfaces_[index].rules[number], std::move(entry));
    if (status = publish(index); !status.ok()) {
        Entry& failed = interfaces_[index].rules[number];
        release(failed);
        if (replaces) {
            failed = std::move(before);
        } else {
            interfaces_[index].rules.erase(number);
        }
        (void)publish(index);
        return status;
    }
    release(before);
    return status;
}

absl::Status Policies::remove(const Interface& interface, uint32_t number) {
    const auto of = interfaces_.find(interface.index);
    if (of == interfaces_.end() || !of->second.rules.contains(number)) {
        return absl::NotFoundError(
            fmt::format("interface '{}' has no rule {}; `show policy-rule` lists what there is",
                        interface.name, number));
    }
    auto gone = of->second.rules.extract(number);
    (void)publish(interface.index);
    release(gone.mapped());
    return absl::OkStatus();
}

template <class Family>
bool Policies::make_list(const OfInterface& of, std::optional<Held<Family>> Entry::*which,
                         RuleList<Family>& list) const {
    for (const auto& [number, entry] : of.rules) {
        if (const auto& held = entry.*which) {
            list.rules.push_back({number, held->clause.match, held->path, entry.counts});
            list.asks_for_upper |= held->clause.match.asks_for_upper();
        }
    }
    return list.asks_for_upper;
}

/// Shows workers a list in the place of the one that they see; that one goes when no worker can
/// hold it.
template <class Family>
absl::Status Policies::show(Index interface, Policy<Family>& node, RuleList<Family> list,
                            std::shared_ptr<const RuleList<Family>>& shown) {
    const auto before = shown;
    shown =
        list.rules.empty() ? nullptr : std::make_shared<const RuleList<Family>>(std::move(list));
    node.set(interface, shown.get());
    absl::Status status = router_.engine().graph().set_feature(Family::arc, Family::node, interface,
                                                               shown != nullptr);
    router_.engine().rcu().retire([before] {});
    return status;
}

/// Brings what workers see up to date with the rules.
absl::Status Policies::publish(Index interface) {
    OfInterface& of = interfaces_[interface];
    RuleList<Ip4> ip4;
    RuleList<Ip6> ip6;
    bool asks = make_list(of, &Entry::ip4, ip4);
    asks |= make_list(of, &Entry::ip6, ip6);
    if (asks && of.ports == nullptr) {
        auto ports = router_.fragments().use_ports(interface);
        if (!ports.ok()) {
            return ports.status();
        }
        of.ports = *std::move(ports);
        // No packet is under way any more that does not carry them.
        router_.engine().rcu().synchronize();
    }
    absl::Status status = show(interface, *ip4_, std::move(ip4), of.ip4);
    status.Update(show(interface, *ip6_, std::move(ip6), of.ip6));
    if (!asks) {
        of.ports.reset();
    }
    if (of.rules.empty()) {
        interfaces_.erase(interface);
    }
    return status;
}

Policies::Totals Policies::totals(Index interface, uint32_t number) const {
    Totals totals;
    const auto of = interfaces_.find(interface);
    const auto entry = of == interfaces_.end() ? decltype(of->second.rules.end())()
                                               : of->second.rules.find(number);
    if (of == interfaces_.end() || entry == of->second.rules.end()) {
        return totals;
    }
    for (size_t worker = 0; worker < router_.engine().workers().size(); ++worker) {
        const RuleCounters& counts = (*entry->second.counts)[worker];
        totals.packets += counts.packets.read();
        totals.bytes += counts.bytes.read();
    }
    return totals;
}

void Policies::forget(Index interface) {
    const auto of = interfaces_.find(interface);
    if (of == interfaces_.end()) {
        return;
    }
    const std::string name = router_.interfaces().name_of(interface);
    auto rules = std::exchange(of->second.rules, {});
    (void)publish(interface);
    for (auto& [number, entry] : rules) {
        release(entry);
        gone_(name, number);
    }
}

/// Next hops are found by the routes of the interface's VRF, which is another now.
void Policies::move(Index interface) {
    const auto of = interfaces_.find(interface);
    if (of == interfaces_.end()) {
        return;
    }
    std::vector<Entry> before;
    std::vector<uint32_t> lost;
    for (auto& [number, entry] : of->second.rules) {
        Entry moved;
        moved.counts = entry.counts;
        const auto clause = [](const auto& held) {
            return held ? std::optional(held->clause) : std::nullopt;
        };
        absl::Status status = hold(interface, clause(entry.ip4), moved.ip4);
        status.Update(hold(interface, clause(entry.ip6), moved.ip6));
        if (!status.ok()) {
            lost.push_back(number);
        }
        before.push_back(std::exchange(entry, std::move(moved)));
    }
    for (const uint32_t number : lost) {
        before.push_back(std::move(of->second.rules.extract(number).mapped()));
        gone_(router_.interfaces().name_of(interface), number);
    }
    (void)publish(interface);
    for (Entry& entry : before) {
        release(entry);
    }
}

/// Rules whose next hop is on an interface that goes end with it, as routes do.
void Policies::forget_next_hops(Index interface) {
    const auto leads_by = [interface](const auto& held) {
        return held && held->clause.via.interface == interface;
    };
    std::vector<std::pair<Index, uint32_t>> ending;
    for (const auto& [index, of] : interfaces_) {
        for (const auto& [number, entry] : of.rules) {
            if (leads_by(entry.ip4) || leads_by(entry.ip6)) {
                ending.emplace_back(index, number);
            }
        }
    }
    for (const auto& [index, number] : ending) {
        if (const Interface* of = router_.interfaces().get(index)) {
            (void)remove(*of, number);
            gone_(of->name, number);
        }
    }
}

void Policies::changed(const Interface& interface, Change change) {
    if (change == Change::removing) {
        forget(interface.index);
        forget_next_hops(interface.index);
    } else if (change == Change::vrf) {
        move(interface.index);
    }
}

}  // namespace policy_routing
