// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of groups.hpp, for the one file of each family that makes its Groups.

#include <fmt/format.h>

#include <algorithm>

#include "vnet/fib/groups.hpp"

namespace vnet::fib {

template <class Family>
Groups<Family>::Groups(const Parts& parts) : parts_(parts) {
    parts_.next_hops.observe([this](interface::Index interface, Address next_hop) {
        if (const auto found = members_of_.find({interface, next_hop});
            found != members_of_.end()) {
            for (Group* group : found->second) {
                review(*group);
            }
        }
    });
    parts_.interfaces.observe(
        [this](const interface::Interface& interface, interface::Change change) {
            switch (change) {
                case interface::Change::removing:
                    forget(interface.index);
                    break;
                case interface::Change::up:
                case interface::Change::down:
                case interface::Change::link_up:
                case interface::Change::link_down:
                    review_all([&](const Place& member) {
                        return parts_.fib.place_of(member.key.first, member.key.second) ==
                               interface.index;
                    });
                    break;
                default:
                    break;
            }
        });
}

template <class Family>
Groups<Family>::~Groups() {
    for (const auto& [name, group] : groups_) {
        for (const Place& member : group->members) {
            parts_.fib.release_next_hop(member.key.first, member.key.second);
        }
    }
}

// ---- names ----

template <class Family>
typename Groups<Family>::Group* Groups<Family>::group(const std::string& name) const {
    const auto found = groups_.find(name);
    return found == groups_.end() ? nullptr : found->second.get();
}

template <class Family>
absl::Status Groups<Family>::no_group(const std::string& name) const {
    return absl::NotFoundError(
        fmt::format("there is no {} next-hop group '{}'; add it first", Family::name, name));
}

template <class Family>
absl::Status Groups<Family>::add(const std::string& name) {
    if (group(name) != nullptr) {
        return absl::AlreadyExistsError(
            fmt::format("there is a next-hop group '{}' already", name));
    }
    BucketTables& tables = parts_.forwarding.groups();
    const GroupIndex index = tables.make(parts_.unreachable);
    Adjacency adjacency;
    adjacency.next = parts_.balance;
    adjacency.action = Action::balance;
    adjacency.group = index;
    const PathIndex path = index == 0 ? 0 : parts_.forwarding.make(adjacency);
    if (path == 0) {
        if (index != 0) {
            tables.release(index);
        }
        return absl::ResourceExhaustedError(fmt::format(
            "no room for next-hop group '{}': there are {}", name, BucketTables::capacity - 1));
    }
    tables.set_leading(index, path);
    auto made = std::make_unique<Group>();
    made->name = name;
    made->index = index;
    by_index_.resize(std::max<size_t>(by_index_.size(), size_t(index) + 1));
    by_index_[index] = made.get();
    groups_.emplace(name, std::move(made));
    return absl::OkStatus();
}

template <class Family>
absl::Status Groups<Family>::remove(const std::string& name) {
    Group* const gone = group(name);
    if (gone == nullptr) {
        return no_group(name);
    }
    BucketTables& tables = parts_.forwarding.groups();
    if (const uint32_t routes = tables.routes(gone->index); routes != 0) {
        return absl::FailedPreconditionError(
            fmt::format("{} route{} to next-hop group '{}'; delete or change {} first", routes,
                        routes == 1 ? " leads" : "s lead", name, routes == 1 ? "it" : "them"));
    }
    // No packet goes there any more; what is under way finds members until the grace period ends.
    parts_.forwarding.release(tables.leading_to(gone->index));
    tables.release(gone->index);
    while (!gone->members.empty()) {
        drop(*gone, gone->members.back().key);
    }
    by_index_[gone->index] = nullptr;
    groups_.erase(name);
    return absl::OkStatus();
}

template <class Family>
GroupIndex Groups<Family>::find(const std::string& name) const {
    const Group* found = group(name);
    return found == nullptr ? 0 : found->index;
}

template <class Family>
const std::string& Groups<Family>::name_of(GroupIndex group) const {
    return group < by_index_.size() && by_index_[group] != nullptr ? by_index_[group]->name
                                                                   : no_name_;
}

template <class Family>
std::vector<std::string> Groups<Family>::names() const {
    std::vector<std::string> all;
    for (const auto& [name, group] : groups_) {
        all.push_back(name);
    }
    return all;
}

template <class Family>
uint32_t Groups<Family>::routes(const std::string& name) const {
    const Group* found = group(name);
    return found == nullptr ? 0 : parts_.forwarding.groups().routes(found->index);
}

// ---- members ----

template <class Family>
typename Groups<Family>::Place* Groups<Family>::find(Group& group, const Key& key) {
    const auto found = std::find_if(group.members.begin(), group.members.end(),
                                    [&](const Place& member) { return member.key == key; });
    return found == group.members.end() ? nullptr : &*found;
}

template <class Family>
absl::Status Groups<Family>::set_member(const std::string& name, interface::Index interface,
                                        Address next_hop, uint32_t weight) {
    Group* const group = this->group(name);
    if (group == nullptr) {
        return no_group(name);
    }
    if (!next_hop.valid_source()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a next hop; give a router's unicast address", next_hop));
    }
    if (interface == 0 && Family::is_of_link(next_hop)) {
        return absl::InvalidArgumentError(fmt::format(
            "there may be a {} on every link; name the interface that it is behind", next_hop));
    }
    if (weight == 0 || weight > most_weight) {
        return absl::OutOfRangeError(
            fmt::format("weight {} is out of range; give 1 to {}", weight, most_weight));
    }
    const Key key{interface, next_hop};
    if (Place* known = find(*group, key)) {
        known->weight = weight;
        divide(*group);
        return absl::OkStatus();
    }
    std::array<bool, most_members> taken{};
    for (const Place& member : group->members) {
        taken[member.number] = true;
    }
    const auto number = std::find(taken.begin(), taken.end(), false);
    if (number == taken.end()) {
        return absl::ResourceExhaustedError(
            fmt::format("next-hop group '{}' has {} members already, and can have no more", name,
                        most_members));
    }
    Place member;
    member.key = key;
    member.weight = weight;
    member.number = Shares::Member(number - taken.begin());
    member.path = parts_.fib.hold_next_hop(interface, next_hop);
    if (member.path == 0) {
        parts_.fib.release_next_hop(interface, next_hop);
        return absl::ResourceExhaustedError(fmt::format("no room for the next hop {}: there are {}",
                                                        next_hop, ForwardingTable::capacity - 1));
    }
    group->members.push_back(member);
    members_of_[key].insert(group);
    review(*group);
    if (seeker_ && group->members.back().state == MemberState::unresolved) {
        seeker_(parts_.fib.place_of(interface, next_hop), next_hop);
    }
    return absl::OkStatus();
}

template <class Family>
absl::Status Groups<Family>::remove_member(const std::string& name, interface::Index interface,
                                           Address next_hop) {
    Group* const group = this->group(name);
    if (group == nullptr) {
        return no_group(name);
    }
    if (find(*group, {interface, next_hop}) == nullptr) {
        return absl::NotFoundError(
            fmt::format("next-hop group '{}' has no member {}{}", name, next_hop,
                        interface == 0 ? std::string(" without an interface")
                                       : " by interface " + parts_.interfaces.name_of(interface)));
    }
    drop(*group, {interface, next_hop});
    return absl::OkStatus();
}

/// Takes a member out; workers may be on its path until the next grace period ends.
template <class Family>
void Groups<Family>::drop(Group& group, Key key) {
    const auto gone = group.members.begin() + (find(group, key) - group.members.data());
    const Shares::Member number = gone->number;
    group.members.erase(gone);
    divide(group);
    group.shares.forget(number);
    parts_.forwarding.groups().set_place(group.index, number, 0);
    const auto others = members_of_.find(key);
    others->second.erase(&group);
    if (others->second.empty()) {
        members_of_.erase(others);
    }
    parts_.fib.release_next_hop(key.first, key.second);
}

template <class Family>
void Groups<Family>::forget(interface::Index interface) {
    for (const auto& [name, group] : groups_) {
        std::vector<Key> gone;
        for (const Place& member : group->members) {
            if (member.key.first == interface) {
                gone.push_back(member.key);
            }
        }
        for (const Key& key : gone) {
            drop(*group, key);
        }
    }
}

// ---- who carries packets ----

template <class Family>
MemberState Groups<Family>::state_of(const Place& member) const {
    const auto& [interface, next_hop] = member.key;
    const interface::Interface* at =
        parts_.interfaces.get(parts_.fib.place_of(interface, next_hop));
    if (at == nullptr) {
        return MemberState::no_way;
    }
    if (!at->up || !at->link) {
        return MemberState::link_down;
    }
    return parts_.next_hops.is_resolved(interface, next_hop) ? MemberState::used
                                                             : MemberState::unresolved;
}

template <class Family>
void Groups<Family>::review_all(const std::function<bool(const Place&)>& concerned) {
    for (const auto& [name, group] : groups_) {
        if (std::any_of(group->members.begin(), group->members.end(), concerned)) {
            review(*group);
        }
    }
}

template <class Family>
void Groups<Family>::review(Group& group) {
    std::vector<Key> turned;
    for (Place& member : group.members) {
        const MemberState now = state_of(member);
        if ((now == MemberState::used) != (member.state == MemberState::used)) {
            turned.push_back(member.key);
        }
        member.state = now;
        parts_.forwarding.groups().set_place(
            group.index, member.number, parts_.fib.place_of(member.key.first, member.key.second));
    }
    if (turned.empty()) {
        return;
    }
    divide(group);
    for (const Key& key : turned) {
        for (const Observer& observer : observers_) {
            observer(group.name, describe(group, *find(group, key)));
        }
    }
}

template <class Family>
void Groups<Family>::divide(Group& group) {
    std::array<uint32_t, most_members> weights{};
    std::array<PathIndex, most_members> paths{};
    for (const Place& member : group.members) {
        weights[member.number] = member.state == MemberState::used ? member.weight : 0;
        paths[member.number] = member.path;
    }
    for (const uint16_t bucket : group.shares.divide(weights)) {
        const Shares::Member owner = group.shares.owner(bucket);
        parts_.forwarding.groups().set(group.index, bucket,
                                       owner == Shares::nobody ? parts_.unreachable : paths[owner]);
    }
}

template <class Family>
void Groups<Family>::seek() const {
    if (!seeker_) {
        return;
    }
    for (const auto& [key, groups] : members_of_) {
        if (find(**groups.begin(), key)->state == MemberState::unresolved) {
            seeker_(parts_.fib.place_of(key.first, key.second), key.second);
        }
    }
}

// ---- what is told ----

template <class Family>
Member<typename Family::Address> Groups<Family>::describe(const Group& group,
                                                          const Place& member) const {
    return {member.key.second,
            member.key.first,
            member.weight,
            member.state,
            parts_.fib.place_of(member.key.first, member.key.second),
            group.shares.count(member.number)};
}

template <class Family>
std::vector<Member<typename Family::Address>> Groups<Family>::members(
    const std::string& name) const {
    std::vector<Member> all;
    if (const Group* found = group(name)) {
        for (const Place& member : found->members) {
            all.push_back(describe(*found, member));
        }
    }
    return all;
}

template <class Family>
std::optional<std::string> Groups<Family>::leading_to(interface::Index interface,
                                                      Address next_hop) const {
    for (const auto& [key, groups] : members_of_) {
        if (key.second == next_hop && (!Family::is_of_link(next_hop) || key.first == interface)) {
            return (*groups.begin())->name;
        }
    }
    return std::nullopt;
}

}  // namespace vnet::fib
