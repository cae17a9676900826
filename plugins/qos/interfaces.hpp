// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "plugins/qos/node.hpp"
#include "vnet/router.hpp"

namespace qos {

/// By what packets that come in by an interface get their class.
struct TrustSetting {
    Trust trust = Trust::none;
    /// Empty: none.
    std::string map;
    /// Where nothing is trusted.
    uint8_t of_all = 0;
};
/// What packets that leave by an interface carry of their class.
struct MarkSetting {
    bool dscp = false;
    bool priority = false;
    /// Empty: none.
    std::string dscp_map;
    std::string priority_map;
};
/// A rule is of IPv4, of IPv6, or of both.
struct RuleSetting {
    std::optional<vnet::classify::Rule<vnet::classify::Ip4>> ip4;
    std::optional<vnet::classify::Rule<vnet::classify::Ip6>> ip6;
    std::optional<uint8_t> traffic_class;
    std::optional<uint32_t> mark;
    /// Empty: none.
    std::string policer;
};

/// Maps, policers, and what interfaces do with them: shows workers a new stage whenever something
/// changes. Control thread.
class Interfaces {
public:
    static constexpr size_t most_rules = 1024;
    static constexpr uint32_t most_number = 65535;
    static constexpr size_t most_names = 1024;
    /// Longer lists of rules take effect a moment after a change, all changes since together:
    /// compiling them takes longer than an operator's script needs for the next rule.
    static constexpr size_t most_rules_at_once = 128;
    static constexpr std::chrono::milliseconds moment{50};

    struct Nodes {
        std::shared_ptr<Ip4Input> ip4_input;
        std::shared_ptr<Ip4Output> ip4_output;
        std::shared_ptr<Ip6Input> ip6_input;
        std::shared_ptr<Ip6Output> ip6_output;
    };
    /// Whose settings end. All outlive it.
    struct Gone {
        /// An interface goes, and all that is set for it.
        std::function<void(const std::string& interface)> interface;
        /// A rule that asks for an interface which goes.
        std::function<void(const std::string& interface, Side side, uint32_t number)> rule;
    };
    Interfaces(vnet::Router& router, Nodes nodes, Gone gone);
    ~Interfaces();
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;

    /// INVALID_ARGUMENT for a bad name, FAILED_PRECONDITION for another kind than is in use.
    absl::Status set_map(const std::string& name, MapKind kind, const Values& values);
    absl::Status remove_map(const std::string& name);
    absl::Status set_policer(const std::string& name, const Policer::Setting& setting);
    absl::Status remove_policer(const std::string& name);

    absl::Status set_trust(Index interface, const TrustSetting& setting);
    absl::Status reset_trust(const vnet::interface::Interface& interface);
    absl::Status set_marking(Index interface, const MarkSetting& setting);
    absl::Status reset_marking(const vnet::interface::Interface& interface);
    absl::Status attach(Index interface, Side side, const std::string& policer);
    absl::Status detach(const vnet::interface::Interface& interface, Side side);
    /// Adds a rule, or takes the place of that with its number.
    absl::Status add_rule(const vnet::interface::Interface& interface, Side side, uint32_t number,
                          const RuleSetting& setting);
    absl::Status remove_rule(const vnet::interface::Interface& interface, Side side,
                             uint32_t number);

    /// Interfaces that use it, and of a policer rules as well.
    uint32_t uses_of_map(const std::string& name) const;
    uint32_t uses_of_policer(const std::string& name) const;
    Policer::Totals totals_of_policer(const std::string& name) const;
    struct RuleTotals {
        uint64_t packets = 0;
        uint64_t bytes = 0;
    };
    /// Why rules as they are now are not in effect; empty where they are, or will be in a moment.
    std::string fault_of(Index interface, Side side) const;
    RuleTotals totals_of_rule(Index interface, Side side, uint32_t number) const;

    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    struct Map {
        MapKind kind;
        Values values;
    };
    struct Rule {
        RuleSetting setting;
        std::shared_ptr<RuleCounts> counts;
    };
    using Rules = std::map<uint32_t, Rule>;
    template <class Family>
    struct OfFamily {
        std::shared_ptr<const vnet::classify::Classifier<typename Family::Rules>> rules;
        /// What workers see.
        std::shared_ptr<const Stage<typename Family::Rules>> stage;
    };
    struct OfSide {
        Rules rules;
        /// What was compiled last.
        Rules in_effect;
        bool is_waiting = false;
        std::string fault;
        /// Empty: none.
        std::string policer;
        OfFamily<Ip4> ip4;
        OfFamily<Ip6> ip6;
    };
    struct OfInterface {
        std::optional<TrustSetting> trust;
        std::optional<MarkSetting> marking;
        std::array<OfSide, 2> sides;
        /// While fragments carry the ports of their first.
        std::shared_ptr<void> ports;

        OfSide& of(Side side) noexcept { return sides[size_t(side)]; }
        const OfSide& of(Side side) const noexcept { return sides[size_t(side)]; }
        bool is_nothing() const noexcept;
        bool uses_map(const std::string& name) const;
        bool uses_policer(const std::string& name) const;
    };

    absl::Status check_map(const std::string& name, MapKind kind) const;
    absl::Status check_policer(const std::string& name) const;
    Values values_of(const std::string& map, MapKind kind) const;
    std::shared_ptr<const Policer> policer_of(const std::string& name) const;
    absl::Status set_rules(Index interface, Side side, Rules rules);
    absl::Status compile(OfSide& of, Rules rules);
    void compile_waiting();
    template <class Family>
    Stage<typename Family::Rules> make_stage(const OfInterface& of, Side side,
                                             const OfFamily<Family>& family) const;
    template <class Family, Side side>
    absl::Status show(Index interface, Node<Family, side>& node, OfFamily<Family>& family);
    absl::Status publish(Index interface);
    absl::Status publish_users(const std::function<bool(const OfInterface&)>& uses);
    void forget(Index interface);
    void forget_rules_that_ask_for(Index interface);

    vnet::Router& router_;
    Nodes nodes_;
    Gone gone_;
    std::map<std::string, Map> maps_;
    std::map<std::string, std::shared_ptr<const Policer>> policers_;
    std::map<Index, OfInterface> interfaces_;
    graph::Control::Handle compiling_;
    bool is_compiling_ = false;
};

}  // namespace qos
