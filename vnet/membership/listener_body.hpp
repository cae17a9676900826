// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_random.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "vnet/interface/link_frame.hpp"
#include "vnet/membership/listener.hpp"
#include "vnet/wire/ethernet.hpp"

/// The members of Listener, for the file of each protocol that makes one.
namespace vnet::membership {

/// RFC 3376 8.1, 8.11, 8.12; RFC 3810 9.1, 9.11, 9.12.
inline constexpr unsigned robustness = 2;
inline constexpr std::chrono::milliseconds unsolicited_interval{1000};
inline constexpr std::chrono::seconds old_querier_time{robustness * 125 + 10};

namespace detail {
inline bool is_due(const std::optional<Clock::time_point>& when, Clock::time_point now) {
    return when && *when <= now;
}
}  // namespace detail

template <class Protocol>
Listener<Protocol>::Listener(const Parts& parts, graph::NodeId output, Now clock)
    : engine_(parts.engine),
      interfaces_(parts.interfaces),
      protocol_(parts.addresses),
      output_(output),
      clock_(std::move(clock)) {
    parts.groups.observe([this](interface::Index interface, Address group, bool joined) {
        changed(interface, group, joined);
    });
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::link_up) {
            report_anew(interface.index);
        } else if (change == interface::Change::removing) {
            links_.erase(interface.index);
        }
    });
    protocol_.observe_source([this](interface::Index interface) { report_anew(interface); });
    timer_ = engine_.control().every(std::chrono::milliseconds(100), [this] { tick(clock_()); });
}

template <class Protocol>
auto Listener<Protocol>::list() const -> std::vector<State> {
    std::vector<State> all;
    for (const auto& [interface, link] : links_) {
        if (interfaces_.get(interface) == nullptr) {
            continue;
        }
        all.push_back({interface, link.version, link.querier, link.queries, link.reports});
    }
    return all;
}

template <class Protocol>
void Listener<Protocol>::changed(interface::Index interface, Address group, bool joined) {
    if (!is_reported(group)) {
        return;
    }
    Link& link = links_[interface];
    Group& state = link.groups[group];
    state.joined = joined;
    state.changes = robustness;
    state.change_due = clock_();
    state.answer_due.reset();
    look(interface, link, clock_());
}

template <class Protocol>
void Listener<Protocol>::report_anew(interface::Index interface) {
    const auto found = links_.find(interface);
    if (found == links_.end()) {
        return;
    }
    for (auto& [group, state] : found->second.groups) {
        if (state.joined) {
            state.changes = robustness;
            state.change_due = clock_();
        }
    }
    look(interface, found->second, clock_());
}

template <class Protocol>
void Listener<Protocol>::take(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        take(*packet);
        graph::free_packet(packet);
    }
}

template <class Protocol>
void Listener<Protocol>::take(const graph::Packet& packet) {
    const auto found = links_.find(packet.meta().rx_interface);
    const auto query = Protocol::read(packet);
    if (found == links_.end() || !query) {
        return;
    }
    Link& link = found->second;
    link.querier = query->querier;
    ++link.queries;
    if (query->version < Protocol::newest) {
        link.version = std::min(link.version, query->version);
        link.old_until = clock_() + old_querier_time;
    }
    answer(link, *query);
}

template <class Protocol>
Clock::time_point Listener<Protocol>::within(std::chrono::milliseconds most) const {
    return clock_() + std::chrono::milliseconds(rte_rand_max(uint64_t(most.count()) + 1));
}

/// RFC 3376 5.2, RFC 2236 3, RFC 3810 6.2, RFC 2710 4: after a time by chance, and not later than
/// was planned already.
template <class Protocol>
void Listener<Protocol>::answer(Link& link, const Query<Address>& query) {
    const auto no_later = [&](std::optional<Clock::time_point>& due) {
        const Clock::time_point when = within(query.max_response);
        due = due ? std::min(*due, when) : when;
    };
    const bool about_all = query.group == Address();
    if (about_all && !link.old_until) {
        no_later(link.answer_due);
        return;
    }
    for (auto& [group, state] : link.groups) {
        if (state.joined && (about_all || query.group == group)) {
            no_later(state.answer_due);
        }
    }
}

template <class Protocol>
void Listener<Protocol>::tick(Clock::time_point now) {
    // Somebody may leave a group while its interface goes.
    std::erase_if(links_,
                  [this](const auto& one) { return interfaces_.get(one.first) == nullptr; });
    for (auto& [interface, link] : links_) {
        look(interface, link, now);
    }
}

/// Sends what is due, in as few packets as hold it.
template <class Protocol>
void Listener<Protocol>::look(interface::Index index, Link& link, Clock::time_point now) {
    if (detail::is_due(link.old_until, now)) {
        link.old_until.reset();
        link.version = Protocol::newest;
    }
    const bool all = detail::is_due(link.answer_due, now);
    if (all) {
        link.answer_due.reset();
    }
    std::vector<Record<Address>> records;
    for (auto at = link.groups.begin(); at != link.groups.end();) {
        auto& [group, state] = *at;
        if (state.changes != 0 && state.change_due <= now) {
            --state.changes;
            state.change_due = within(unsolicited_interval);
            records.push_back(
                {state.joined ? RecordType::to_exclude : RecordType::to_include, group});
        } else if (state.joined && (all || detail::is_due(state.answer_due, now))) {
            records.push_back({RecordType::is_exclude, group});
        }
        if (all || detail::is_due(state.answer_due, now)) {
            state.answer_due.reset();
        }
        at = state.joined || state.changes != 0 ? std::next(at) : link.groups.erase(at);
    }
    const interface::Interface* interface = interfaces_.get(index);
    if (!records.empty() && interface != nullptr && interface->up && interface->link) {
        send(*interface, link, records);
    }
}

template <class Protocol>
void Listener<Protocol>::send(const interface::Interface& interface, Link& link,
                              std::span<const Record<Address>> records) {
    for (const std::vector<std::byte>& frame : protocol_.frames(interface, link.version, records)) {
        graph::Packet* packet = engine_.pool().allocate();
        if (packet == nullptr) {
            return;
        }
        packet->resize(uint32_t(frame.size()));
        std::memcpy(packet->data(), frame.data(), frame.size());
        packet->meta().tx_interface = interface.index;
        packet->meta().l3_offset = sizeof(wire::EthernetHeader);
        packet->meta().flags |= graph::packet_flag::local_origin;
        if (!interface::fit_to_link(*interface.device, *packet)) {
            graph::free_packet(packet);
            return;
        }
        link.reports += engine_.inject(packet, output_) ? 1 : 0;
    }
}

}  // namespace vnet::membership
