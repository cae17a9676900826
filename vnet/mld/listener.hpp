// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip6/joined_groups.hpp"
#include "vnet/wire/mld.hpp"

namespace vnet::mld {

using Clock = std::chrono::steady_clock;

/// Tells the switches and routers of the links which groups the router listens to: MLD of version 2
/// as a listener (RFC 3810), which falls back to version 1 (RFC 2710) where somebody asks by that.
/// Reports go out when a group is joined or left, twice, when a link comes up or its link-local
/// address is in use, and when asked. All nodes are never reported. Control thread.
class Listener {
public:
    using Now = std::function<Clock::time_point()>;
    struct Parts {
        graph::Engine& engine;
        interface::Table& interfaces;
        ip6::Addresses& addresses;
        ip6::JoinedGroups& groups;
    };
    /// Reports begin at the node `output`. To be made before neighbor discovery, so that a switch
    /// knows the group by which a new address is asked for.
    Listener(const Parts& parts, graph::NodeId output, Now clock = &Clock::now);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Queries from the mailbox of mld-input; packets change hands.
    void take(std::span<graph::Packet*> packets);
    /// Does what is due at `now`; a timer calls it.
    void tick(Clock::time_point now);

    /// Of one interface.
    struct State {
        interface::Index interface;
        /// Of the reports: that of who asks, and 2 where nobody has.
        unsigned version;
        /// Who asked last; `::`: nobody.
        wire::Ip6Address querier;
        uint64_t queries;
        uint64_t reports;
    };
    /// In order of interfaces.
    std::vector<State> list() const;
    /// Somebody is told of the group: it is not that of all nodes.
    static bool is_reported(wire::Ip6Address group) noexcept;

private:
    struct Group {
        bool joined = false;
        /// Reports of the change that are still to be sent, and when.
        unsigned changes = 0;
        Clock::time_point change_due;
        /// When a query about this group is to be answered.
        std::optional<Clock::time_point> answer_due;
    };
    struct Link {
        std::map<wire::Ip6Address, Group> groups;
        /// When a query about all groups is to be answered.
        std::optional<Clock::time_point> answer_due;
        /// Somebody who asks by version 1 only was heard, and counts until then.
        std::optional<Clock::time_point> old_until;
        wire::Ip6Address querier;
        uint64_t queries = 0;
        uint64_t reports = 0;
    };
    void changed(interface::Index interface, wire::Ip6Address group, bool joined);
    void report_anew(interface::Index interface);
    void take(const graph::Packet& packet);
    void answer(Link& link, const wire::MldQuery& query);
    void look(interface::Index interface, Link& link, Clock::time_point now);
    Clock::time_point within(std::chrono::milliseconds most) const;
    void send(interface::Index interface, Link& link, const std::vector<wire::MldRecord>& records);
    void send_old(interface::Index interface, Link& link,
                  const std::vector<wire::MldRecord>& records);
    void send(interface::Index interface, Link& link, wire::Ip6Address destination,
              std::span<std::byte> message);
    wire::Ip6Address source_on(interface::Index interface) const;

    graph::Engine& engine_;
    interface::Table& interfaces_;
    ip6::Addresses& addresses_;
    graph::NodeId output_;
    Now clock_;
    std::map<interface::Index, Link> links_;
    graph::Control::Handle timer_;
};

}  // namespace vnet::mld
