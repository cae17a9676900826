// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "plugins/policy-routing/node.hpp"
#include "vnet/router.hpp"

namespace policy_routing {

/// What is said of a packet of one family, and where it goes then.
template <class Family>
struct Clause {
    Match<Family> match;
    vnet::fib::Via<typename Family::Address> via;
};
/// A rule is of IPv4, of IPv6, or of both.
struct Clauses {
    std::optional<Clause<Ip4>> ip4;
    std::optional<Clause<Ip6>> ip6;
};

/// The rules of all interfaces: holds the paths that they lead to, and shows workers a new list
/// whenever one changes. Control thread.
class Policies {
public:
    static constexpr size_t most_rules = 1024;
    static constexpr uint32_t most_number = 65535;

    /// All outlive it. `gone` is told of rules that end with an interface.
    using Gone = std::function<void(const std::string& interface, uint32_t number)>;
    Policies(vnet::Router& router, std::shared_ptr<Ip4Policy> ip4, std::shared_ptr<Ip6Policy> ip6,
             Gone gone);
    ~Policies();
    Policies(const Policies&) = delete;
    Policies& operator=(const Policies&) = delete;

    /// Adds a rule to an interface, or takes the place of that with its number. OUT_OF_RANGE for a
    /// bad number, RESOURCE_EXHAUSTED where there is no room.
    absl::Status add(const vnet::interface::Interface& interface, uint32_t number,
                     const Clauses& clauses);
    /// NOT_FOUND where there is none.
    absl::Status remove(const vnet::interface::Interface& interface, uint32_t number);

    struct Totals {
        uint64_t packets = 0;
        uint64_t bytes = 0;
    };
    Totals totals(Index interface, uint32_t number) const;

    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    template <class Family>
    struct Held {
        Clause<Family> clause;
        vnet::fib::PathIndex path = 0;
        /// Whose the path is.
        vnet::interface::Vrf vrf = vnet::interface::default_vrf;
    };
    struct Entry {
        std::optional<Held<Ip4>> ip4;
        std::optional<Held<Ip6>> ip6;
        std::shared_ptr<Counts> counts;
    };
    struct OfInterface {
        std::map<uint32_t, Entry> rules;
        std::shared_ptr<const RuleList<Ip4>> ip4;
        std::shared_ptr<const RuleList<Ip6>> ip6;
        /// While packets carry their ports.
        std::shared_ptr<void> ports;
    };

    template <class Family>
    auto& fib_of(vnet::interface::Vrf vrf);
    template <class Family>
    absl::Status hold(Index interface, const std::optional<Clause<Family>>& clause,
                      std::optional<Held<Family>>& held);
    template <class Family>
    void release(std::optional<Held<Family>>& held);
    void release(Entry& entry);
    template <class Family>
    bool make_list(const OfInterface& of, std::optional<Held<Family>> Entry::*which,
                   RuleList<Family>& list) const;
    absl::Status publish(Index interface);
    template <class Family>
    absl::Status show(Index interface, Policy<Family>& node, RuleList<Family> list,
                      std::shared_ptr<const RuleList<Family>>& shown);
    void forget(Index interface);
    void move(Index interface);
    void forget_next_hops(Index interface);

    vnet::Router& router_;
    std::shared_ptr<Ip4Policy> ip4_;
    std::shared_ptr<Ip6Policy> ip6_;
    Gone gone_;
    std::map<Index, OfInterface> interfaces_;
};

}  // namespace policy_routing
