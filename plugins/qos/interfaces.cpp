// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/interfaces.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace qos {

using vnet::interface::Change;
using vnet::interface::Interface;
namespace treatment = graph::treatment;

namespace {

std::string_view name(Side side) noexcept {
    return side == Side::input ? "input" : "output";
}

absl::Status check_name(std::string_view what, const std::string& name) {
    constexpr size_t longest = 32;
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (name.empty() || name.size() > longest || !std::all_of(name.begin(), name.end(), fits)) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is no name of a {}; give up to {} letters, digits, '-', '_' or '.'",
                        name, what, longest));
    }
    return absl::OkStatus();
}

template <class Named>
absl::Status check_known(std::string_view what, const std::string& name, const Named& known) {
    if (known.contains(name)) {
        return absl::OkStatus();
    }
    return absl::NotFoundError(
        fmt::format("there is no {0} '{1}'; `show qos {0}` lists what there is", what, name));
}

}  // namespace

bool Interfaces::OfInterface::is_nothing() const noexcept {
    return !trust && !marking && std::all_of(sides.begin(), sides.end(), [](const OfSide& side) {
        return side.rules.empty() && side.in_effect.empty() && side.policer.empty();
    });
}

bool Interfaces::OfInterface::uses_map(const std::string& name) const {
    return (trust && trust->map == name) ||
           (marking && (marking->dscp_map == name || marking->priority_map == name));
}

bool Interfaces::OfInterface::uses_policer(const std::string& name) const {
    return std::any_of(sides.begin(), sides.end(), [&](const OfSide& side) {
        return side.policer == name ||
               std::any_of(side.rules.begin(), side.rules.end(),
                           [&](const auto& rule) { return rule.second.setting.policer == name; });
    });
}

Interfaces::Interfaces(vnet::Router& router, Nodes nodes, Gone gone)
    : router_(router), nodes_(std::move(nodes)), gone_(std::move(gone)) {}

Interfaces::~Interfaces() {
    while (!interfaces_.empty()) {
        forget(interfaces_.begin()->first);
    }
}

// ---- maps and policers ----

absl::Status Interfaces::set_map(const std::string& name, MapKind kind, const Values& values) {
    if (absl::Status status = check_name("map", name); !status.ok()) {
        return status;
    }
    const auto known = maps_.find(name);
    if (known != maps_.end() && known->second.kind != kind && uses_of_map(name) != 0) {
        return absl::FailedPreconditionError(
            fmt::format("map '{}' is in use as {}; give it another name to make it {}", name,
                        qos::name(known->second.kind), qos::name(kind)));
    }
    if (known == maps_.end() && maps_.size() == most_names) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for map '{}': there are {}", name, most_names));
    }
    maps_[name] = {kind, values};
    return publish_users([&](const OfInterface& of) { return of.uses_map(name); });
}

absl::Status Interfaces::remove_map(const std::string& name) {
    absl::Status status = check_known("map", name, maps_);
    if (status.ok() && uses_of_map(name) != 0) {
        return absl::FailedPreconditionError(fmt::format(
            "map '{}' is in use; `show qos interface` shows where, reset it there first", name));
    }
    maps_.erase(name);
    return status;
}

absl::Status Interfaces::set_policer(const std::string& name, const Policer::Setting& setting) {
    absl::Status status = check_name("policer", name);
    status.Update(Policer::check(setting));
    if (!status.ok()) {
        return status;
    }
    if (!policers_.contains(name) && policers_.size() == most_names) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for policer '{}': there are {}", name, most_names));
    }
    policers_[name] =
        std::make_shared<Policer>(setting, router_.engine().contexts(), rte_get_tsc_hz());
    return publish_users([&](const OfInterface& of) { return of.uses_policer(name); });
}

absl::Status Interfaces::remove_policer(const std::string& name) {
    absl::Status status = check_known("policer", name, policers_);
    if (status.ok() && uses_of_policer(name) != 0) {
        return absl::FailedPreconditionError(
            fmt::format("policer '{}' is in use; `show qos interface` and `show qos rule` show "
                        "where, take it off there first",
                        name));
    }
    policers_.erase(name);
    return status;
}

absl::Status Interfaces::check_map(const std::string& name, MapKind kind) const {
    if (name.empty()) {
        return absl::OkStatus();
    }
    absl::Status status = check_known("map", name, maps_);
    if (status.ok() && maps_.at(name).kind != kind) {
        return absl::InvalidArgumentError(fmt::format("map '{}' is {}; give one that is {}", name,
                                                      qos::name(maps_.at(name).kind),
                                                      qos::name(kind)));
    }
    return status;
}

absl::Status Interfaces::check_policer(const std::string& name) const {
    return name.empty() ? absl::OkStatus() : check_known("policer", name, policers_);
}

Values Interfaces::values_of(const std::string& map, MapKind kind) const {
    const auto found = maps_.find(map);
    return found == maps_.end() ? usual(kind) : found->second.values;
}

std::shared_ptr<const Policer> Interfaces::policer_of(const std::string& name) const {
    const auto found = policers_.find(name);
    return found == policers_.end() ? nullptr : found->second;
}

uint32_t Interfaces::uses_of_map(const std::string& name) const {
    return uint32_t(std::count_if(interfaces_.begin(), interfaces_.end(),
                                  [&](const auto& of) { return of.second.uses_map(name); }));
}

uint32_t Interfaces::uses_of_policer(const std::string& name) const {
    uint32_t uses = 0;
    for (const auto& [index, of] : interfaces_) {
        for (const OfSide& side : of.sides) {
            uses += side.policer == name ? 1 : 0;
            for (const auto& [number, rule] : side.rules) {
                uses += rule.setting.policer == name ? 1 : 0;
            }
        }
    }
    return uses;
}

Policer::Totals Interfaces::totals_of_policer(const std::string& name) const {
    const auto policer = policer_of(name);
    return policer == nullptr ? Policer::Totals() : policer->totals();
}

// ---- interfaces ----

absl::Status Interfaces::set_trust(Index interface, const TrustSetting& setting) {
    if (setting.trust == Trust::none && !setting.map.empty()) {
        return absl::InvalidArgumentError(
            "where nothing is trusted no map is needed; leave it out, or trust dscp or priority");
    }
    if (setting.trust != Trust::none && setting.of_all != 0) {
        return absl::InvalidArgumentError(
            "a class for all packets goes with trust none; leave it out");
    }
    if (setting.of_all >= classes) {
        return absl::OutOfRangeError(
            fmt::format("class {} is out of range; give 0 to {}", setting.of_all, classes - 1));
    }
    absl::Status status =
        check_map(setting.map, setting.trust == Trust::dscp ? MapKind::dscp_to_class
                                                            : MapKind::priority_to_class);
    if (!status.ok()) {
        return status;
    }
    interfaces_[interface].trust = setting;
    return publish(interface);
}

absl::Status Interfaces::reset_trust(const Interface& interface) {
    const auto of = interfaces_.find(interface.index);
    if (of == interfaces_.end() || !of->second.trust) {
        return absl::NotFoundError(
            fmt::format("interface '{}' has no trust set; `show qos interface` lists what there is",
                        interface.name));
    }
    of->second.trust.reset();
    return publish(interface.index);
}

absl::Status Interfaces::set_marking(Index interface, const MarkSetting& setting) {
    if ((!setting.dscp && !setting.dscp_map.empty()) ||
        (!setting.priority && !setting.priority_map.empty())) {
        return absl::InvalidArgumentError(
            "a map is given for what is not to be marked; leave it out, or mark both");
    }
    absl::Status status = check_map(setting.dscp_map, MapKind::class_to_dscp);
    status.Update(check_map(setting.priority_map, MapKind::class_to_priority));
    if (!status.ok()) {
        return status;
    }
    interfaces_[interface].marking = setting;
    return publish(interface);
}

absl::Status Interfaces::reset_marking(const Interface& interface) {
    const auto of = interfaces_.find(interface.index);
    if (of == interfaces_.end() || !of->second.marking) {
        return absl::NotFoundError(
            fmt::format("interface '{}' marks nothing; `show qos interface` lists what there is",
                        interface.name));
    }
    of->second.marking.reset();
    return publish(interface.index);
}

absl::Status Interfaces::attach(Index interface, Side side, const std::string& policer) {
    if (absl::Status status = check_known("policer", policer, policers_); !status.ok()) {
        return status;
    }
    interfaces_[interface].of(side).policer = policer;
    return publish(interface);
}

absl::Status Interfaces::detach(const Interface& interface, Side side) {
    const auto of = interfaces_.find(interface.index);
    if (of == interfaces_.end() || of->second.of(side).policer.empty()) {
        return absl::NotFoundError(fmt::format(
            "interface '{}' has no policer for {}; `show qos interface` lists what there is",
            interface.name, name(side)));
    }
    of->second.of(side).policer.clear();
    return publish(interface.index);
}

// ---- rules ----

absl::Status Interfaces::add_rule(const Interface& interface, Side side, uint32_t number,
                                  const RuleSetting& setting) {
    if (number == 0 || number > most_number) {
        return absl::OutOfRangeError(
            fmt::format("rule {} is out of range; give 1 to {}", number, most_number));
    }
    if (absl::Status status = check_policer(setting.policer); !status.ok()) {
        return status;
    }
    const auto of = interfaces_.find(interface.index);
    Rules rules = of == interfaces_.end() ? Rules() : of->second.of(side).rules;
    if (!rules.contains(number) && rules.size() == most_rules) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for rule {} for {} of interface '{}': there are {}", number,
                        name(side), interface.name, most_rules));
    }
    rules[number] = {setting, std::make_shared<RuleCounts>(router_.engine().contexts())};
    return set_rules(interface.index, side, std::move(rules));
}

absl::Status Interfaces::remove_rule(const Interface& interface, Side side, uint32_t number) {
    const auto of = interfaces_.find(interface.index);
    if (of == interfaces_.end() || !of->second.of(side).rules.contains(number)) {
        return absl::NotFoundError(
            fmt::format("interface '{}' has no rule {} for {}; `show qos rule` lists what there is",
                        interface.name, number, name(side)));
    }
    Rules rules = of->second.of(side).rules;
    rules.erase(number);
    return set_rules(interface.index, side, std::move(rules));
}

namespace {

template <class Family, class Rules>
auto compile_family(const Rules& rules)
    -> absl::StatusOr<std::shared_ptr<const vnet::classify::Classifier<Family>>> {
    std::vector<vnet::classify::Rule<Family>> of_family;
    for (const auto& [number, rule] : rules) {
        if constexpr (std::is_same_v<Family, vnet::classify::Ip4>) {
            if (rule.setting.ip4) {
                of_family.push_back(*rule.setting.ip4);
            }
        } else if (rule.setting.ip6) {
            of_family.push_back(*rule.setting.ip6);
        }
    }
    if (of_family.empty()) {
        return nullptr;
    }
    auto made = vnet::classify::Classifier<Family>::compile(of_family);
    if (!made.ok()) {
        return made.status();
    }
    return std::shared_ptr<const vnet::classify::Classifier<Family>>(*std::move(made));
}

}  // namespace

/// Puts rules in the place of those that workers see, or nothing where they cannot be compiled.
absl::Status Interfaces::compile(OfSide& of, Rules rules) {
    auto ip4 = compile_family<vnet::classify::Ip4>(rules);
    auto ip6 = compile_family<vnet::classify::Ip6>(rules);
    absl::Status status = ip4.status();
    status.Update(ip6.status());
    if (status.ok()) {
        of.ip4.rules = *std::move(ip4);
        of.ip6.rules = *std::move(ip6);
        of.in_effect = std::move(rules);
    }
    return status;
}

absl::Status Interfaces::set_rules(Index interface, Side side, Rules rules) {
    if (rules.size() > most_rules_at_once) {
        OfSide& of = interfaces_[interface].of(side);
        of.rules = std::move(rules);
        of.is_waiting = true;
        if (!std::exchange(is_compiling_, true)) {
            compiling_ = router_.engine().control().after(moment, [this] { compile_waiting(); });
        }
        return absl::OkStatus();
    }
    // Where there is nothing else to be done for the interface it is not noted for this.
    OfSide compiled;
    if (absl::Status status = compile(compiled, rules); !status.ok()) {
        return status;
    }
    OfSide& of = interfaces_[interface].of(side);
    of.rules = std::move(rules);
    of.in_effect = std::move(compiled.in_effect);
    of.ip4.rules = std::move(compiled.ip4.rules);
    of.ip6.rules = std::move(compiled.ip6.rules);
    of.is_waiting = false;
    of.fault.clear();
    return publish(interface);
}

void Interfaces::compile_waiting() {
    is_compiling_ = false;
    for (auto& [index, of] : interfaces_) {
        for (OfSide& side : of.sides) {
            if (std::exchange(side.is_waiting, false)) {
                side.fault = std::string(compile(side, side.rules).message());
            }
        }
    }
    (void)publish_users([](const OfInterface&) { return true; });
}

std::string Interfaces::fault_of(Index interface, Side side) const {
    const auto of = interfaces_.find(interface);
    return of == interfaces_.end() ? std::string() : of->second.of(side).fault;
}

Interfaces::RuleTotals Interfaces::totals_of_rule(Index interface, Side side,
                                                  uint32_t number) const {
    RuleTotals totals;
    const auto of = interfaces_.find(interface);
    if (of == interfaces_.end() || !of->second.of(side).rules.contains(number)) {
        return totals;
    }
    const RuleCounts& counts = *of->second.of(side).rules.at(number).counts;
    for (size_t worker = 0; worker < router_.engine().workers().size(); ++worker) {
        totals.packets += counts[worker].packets.read();
        totals.bytes += counts[worker].bytes.read();
    }
    return totals;
}

// ---- what workers see ----

template <class Family>
Stage<typename Family::Rules> Interfaces::make_stage(const OfInterface& of, Side side,
                                                     const OfFamily<Family>& family) const {
    Stage<typename Family::Rules> stage;
    if (side == Side::input && of.trust) {
        stage.records = true;
        stage.trust = of.trust->trust;
        stage.recorded = of.trust->trust == Trust::none
                             ? Values{of.trust->of_all}
                             : values_of(of.trust->map, of.trust->trust == Trust::dscp
                                                            ? MapKind::dscp_to_class
                                                            : MapKind::priority_to_class);
    }
    if (side == Side::output && of.marking) {
        stage.marks_dscp = of.marking->dscp;
        stage.marks_priority = of.marking->priority;
        stage.dscp = values_of(of.marking->dscp_map, MapKind::class_to_dscp);
        stage.priority = values_of(of.marking->priority_map, MapKind::class_to_priority);
    }
    stage.policer = policer_of(of.of(side).policer);
    stage.rules = family.rules;
    for (const auto& [number, rule] : of.of(side).in_effect) {
        const RuleSetting& setting = rule.setting;
        const bool is_of_family =
            std::is_same_v<Family, Ip4> ? setting.ip4.has_value() : setting.ip6.has_value();
        if (!is_of_family) {
            continue;
        }
        Deed deed{number, ~uint32_t(0), 0, policer_of(setting.policer), rule.counts};
        if (setting.traffic_class) {
            deed.keep &= ~treatment::class_mask;
            deed.set |= treatment::classified | *setting.traffic_class;
        }
        if (setting.mark) {
            deed.keep &= ~treatment::mark_mask;
            deed.set |= *setting.mark << treatment::mark_shift;
        }
        stage.rules_police |= deed.policer != nullptr;
        stage.deeds.push_back(std::move(deed));
    }
    return stage;
}

/// Shows workers a stage in the place of the one that they see; that one goes when no worker can
/// hold it.
template <class Family, Side side>
absl::Status Interfaces::show(Index interface, Node<Family, side>& node, OfFamily<Family>& family) {
    auto made = make_stage<Family>(interfaces_.at(interface), side, family);
    const auto before = family.stage;
    family.stage = made.is_nothing()
                       ? nullptr
                       : std::make_shared<const Stage<typename Family::Rules>>(std::move(made));
    node.set(interface, family.stage.get());
    absl::Status status = router_.engine().graph().set_feature(
        Node<Family, side>::arc, std::string(Node<Family, side>::info.name), interface,
        family.stage != nullptr);
    if (before != nullptr && before->rules != nullptr) {
        // Compiled rules are of DPDK's memory, which many changes in a row would use up before the
        // first of them is given back.
        router_.engine().rcu().synchronize();
    } else {
        router_.engine().rcu().retire([before] {});
    }
    return status;
}

absl::Status Interfaces::publish(Index interface) {
    OfInterface& of = interfaces_[interface];
    OfSide& input = of.of(Side::input);
    OfSide& output = of.of(Side::output);
    // Without it, rules do not know the ports of fragments behind the first.
    const bool asks = (input.ip4.rules != nullptr && input.ip4.rules->asks_for_upper()) ||
                      (input.ip6.rules != nullptr && input.ip6.rules->asks_for_upper());
    if (asks && of.ports == nullptr) {
        auto ports = router_.fragments().use_ports(interface);
        if (!ports.ok()) {
            return ports.status();
        }
        of.ports = *std::move(ports);
    }
    absl::Status status = show(interface, *nodes_.ip4_input, input.ip4);
    status.Update(show(interface, *nodes_.ip6_input, input.ip6));
    status.Update(show(interface, *nodes_.ip4_output, output.ip4));
    status.Update(show(interface, *nodes_.ip6_output, output.ip6));
    if (!asks) {
        of.ports.reset();
    }
    if (of.is_nothing()) {
        interfaces_.erase(interface);
    }
    return status;
}

absl::Status Interfaces::publish_users(const std::function<bool(const OfInterface&)>& uses) {
    std::vector<Index> all;
    for (const auto& [index, of] : interfaces_) {
        if (uses(of)) {
            all.push_back(index);
        }
    }
    absl::Status status;
    for (const Index index : all) {
        status.Update(publish(index));
    }
    return status;
}

void Interfaces::forget(Index interface) {
    const auto of = interfaces_.find(interface);
    if (of == interfaces_.end()) {
        return;
    }
    of->second.trust.reset();
    of->second.marking.reset();
    for (OfSide& side : of->second.sides) {
        side.rules.clear();
        side.in_effect.clear();
        side.is_waiting = false;
        side.policer.clear();
        side.ip4.rules.reset();
        side.ip6.rules.reset();
    }
    (void)publish(interface);
    gone_.interface(router_.interfaces().name_of(interface));
}

/// Its index may be another's one day.
void Interfaces::forget_rules_that_ask_for(Index interface) {
    const auto asks = [interface](const auto& rule) {
        return rule && rule->rx_interface == interface;
    };
    struct Place {
        Index interface;
        Side side;
        uint32_t number;
    };
    std::vector<Place> ending;
    for (const auto& [index, of] : interfaces_) {
        for (const Side side : {Side::input, Side::output}) {
            for (const auto& [number, rule] : of.of(side).rules) {
                if (asks(rule.setting.ip4) || asks(rule.setting.ip6)) {
                    ending.push_back({index, side, number});
                }
            }
        }
    }
    for (const Place& place : ending) {
        if (const Interface* of = router_.interfaces().get(place.interface)) {
            (void)remove_rule(*of, place.side, place.number);
            gone_.rule(of->name, place.side, place.number);
        }
    }
}

void Interfaces::changed(const Interface& interface, Change change) {
    if (change == Change::removing) {
        forget(interface.index);
        forget_rules_that_ask_for(interface.index);
    }
}

}  // namespace qos
