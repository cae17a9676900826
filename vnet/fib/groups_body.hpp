// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of groups.hpp, for the one file of each family that makes its Groups.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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
    parts_.interfaces.observe([this](const interface::Interface& interface,
                                     interface::Change change) {
        switch (change) {
            case interface::Change::removing:
                forget(interface.index);
                break;
            case interface::Change::up:
            case interface::Change::down:
            case interface::Change::link_up:
            case interface::Change::link_down:
                review_all([&](const Place& member) { return member.place == interface.index; });
                break;
            case interface::Change::vrf:
                for (const auto& [name, group] : groups_) {
                    for (const Place& member : group->members) {
                        if (member.interface == interface.index) {
                            tell(*group, member, Change::changed);
                        }
                    }
                }
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
            parts_.fibs.of(group->vrf).release_next_hop(member.interface, member.key.second);
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
absl::Status Groups<Family>::add(const std::string& name, interface::Vrf vrf) {
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
    made->vrf = vrf;
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
interface::Vrf Groups<Family>::vrf(const std::string& name) const {
    const Group* found = group(name);
    return found == nullptr ? interface::default_vrf : found->vrf;
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
    const Key key = key_of(*group, interface, next_hop);
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
    Fib<Family>& fib = parts_.fibs.of(group->vrf);
    Place member;
    member.key = key;
    member.interface = interface;
    member.weight = weight;
    member.number = Shares::Member(number - taken.begin());
    member.path = fib.hold_next_hop(interface, next_hop);
    if (member.path == 0) {
        fib.release_next_hop(interface, next_hop);
        return absl::ResourceExhaustedError(fmt::format("no room for the next hop {}: there are {}",
                                                        next_hop, ForwardingTable::capacity - 1));
    }
    look_at(*group, member);
    group->members.push_back(member);
    members_of_[key].insert(group);
    divide(*group);
    tell(*group, group->members.back(), Change::added);
    if (seeker_ && member.state == MemberState::unresolved) {
        seeker_(member.place, next_hop);
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
    const Key key = key_of(*group, interface, next_hop);
    if (find(*group, key) == nullptr) {
        return absl::NotFoundError(
            fmt::format("next-hop group '{}' has no member {}{}", name, next_hop,
                        interface == 0 ? std::string(" without an interface")
                                       : " by interface " + parts_.interfaces.name_of(interface)));
    }
    drop(*group, key);
    return absl::OkStatus();
}

/// Takes a member out; workers may be on its path until the next grace period ends.
template <class Family>
void Groups<Family>::drop(Group& group, Key key) {
    const auto place = group.members.begin() + (find(group, key) - group.members.data());
    const Place gone = *place;
    tell(group, gone, Change::removed);
    group.members.erase(place);
    divide(group);
    group.shares.forget(gone.number);
    parts_.forwarding.groups().set_place(group.index, gone.number, 0);
    const auto others = members_of_.find(key);
    others->second.erase(&group);
    if (others->second.empty()) {
        members_of_.erase(others);
    }
    parts_.fibs.of(group.vrf).release_next_hop(gone.interface, key.second);
}

template <class Family>
void Groups<Family>::forget(interface::Index interface) {
    for (const auto& [name, group] : groups_) {
        std::vector<Key> gone;
        for (const Place& member : group->members) {
            if (member.interface == interface) {
                gone.push_back(member.key);
            }
        }
        for (const Key& key : gone) {
            drop(*group, key);
        }
    }
}

// ---- who carries packets ----

/// Where a member is now, and in which state; whether either is news.
template <class Family>
bool Groups<Family>::look_at(const Group& group, Place& member) {
    const auto& [key, next_hop] = member.key;
    const interface::Index place = parts_.fibs.of(group.vrf).place_of(member.interface, next_hop);
    const interface::Interface* at = parts_.interfaces.get(place);
    const MemberState state = at == nullptr          ? MemberState::no_way
                              : !at->up || !at->link ? MemberState::link_down
                              : parts_.next_hops.is_resolved(key, next_hop)
                                  ? MemberState::used
                                  : MemberState::unresolved;
    parts_.forwarding.groups().set_place(group.index, member.number, place);
    const bool was_there = std::exchange(member.place, place) == place;
    const bool was_so = std::exchange(member.state, state) == state;
    return !was_there || !was_so;
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
    std::vector<Key> changed;
    bool turned = false;
    for (Place& member : group.members) {
        const bool was_used = member.state == MemberState::used;
        if (look_at(group, member)) {
            changed.push_back(member.key);
            turned |= was_used != (member.state == MemberState::used);
        }
    }
    if (turned) {
        divide(group);
    }
    for (const Key& key : changed) {
        tell(group, *find(group, key), Change::changed);
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
        if (const Place* member = find(**groups.begin(), key);
            member->state == MemberState::unresolved) {
            seeker_(member->place, key.second);
        }
    }
}

// ---- what is told ----

template <class Family>
Member<typename Family::Address> Groups<Family>::describe(const Group& group,
                                                          const Place& member) const {
    return {member.key.second, member.interface, member.weight,
            member.state,      member.place,     group.shares.count(member.number)};
}

template <class Family>
void Groups<Family>::tell(const Group& group, const Place& member, Change change) const {
    for (const Observer& observer : observers_) {
        observer(group.name, describe(group, member), change);
    }
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
std::optional<std::string> Groups<Family>::leading_to(Address next_hop,
                                                      const IsMeant& is_meant) const {
    for (const auto& [name, group] : groups_) {
        for (const Place& member : group->members) {
            if (member.key.second == next_hop &&
                is_meant(member.interface, vrf_of(name, member.interface))) {
                return name;
            }
        }
    }
    return std::nullopt;
}

}  // namespace vnet::fib
