// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of fib.hpp, for the one file of each family that makes its Fib.

#include <fmt/format.h>

#include <algorithm>

#include "vnet/fib/fib.hpp"

namespace vnet::fib {

/// Of a connected route of one address, that address: so its neighbour's path is used, once it is
/// resolved.
template <class Family>
typename Family::Address Fib<Family>::connected_hop(const Prefix& prefix) {
    return prefix.length() == Prefix::longest ? Family::unscoped(prefix.address()) : Address();
}

template <class Family>
Fib<Family>::Fib(Table& table, const Shared& shared, interface::Vrf vrf)
    : table_(table),
      next_hops_(shared.next_hops),
      vrf_paths_(shared.vrf_paths),
      groups_(shared.next_hops.forwarding().groups()),
      paths_(shared.paths),
      vrf_(vrf) {
    table_.set_default(paths_.no_route);
}

template <class Family>
Fib<Family>::~Fib() {
    rib_.visit_from({}, [this](const Prefix& prefix, const Entry& entry) {
        for (const Held& held : entry) {
            release(held.route.via, prefix);
        }
        return true;
    });
}

template <class Family>
interface::Index Fib<Family>::resolve(Address next_hop) const {
    // A next hop is reached by a connected network: directly, or through a neighbour's own route in
    // it. A recursive route must not be the way to its own next hop, nor another whose next hop
    // waits for the same answer: such ones are passed over.
    for (auto found = rib_.match(next_hop); found; found = rib_.covering(found->prefix)) {
        if (found->entry->empty()) {
            // The one that is being added; it is looked at again when it is there.
            continue;
        }
        const Via& via = found->entry->front().route.via;
        const bool to_itself = via.kind == Via::Kind::next_hop && via.next_hop == next_hop;
        if (to_itself && via.interface == 0) {
            continue;
        }
        return to_itself || via.kind == Via::Kind::connected ? via.interface : 0;
    }
    return 0;
}

template <class Family>
interface::Index Fib<Family>::place_of(interface::Index interface, Address next_hop) const {
    if (interface != 0) {
        return interface;
    }
    const auto found = recursive_.find(next_hop);
    return found == recursive_.end() ? 0 : found->second.interface;
}

template <class Family>
PathIndex Fib<Family>::hold_next_hop(interface::Index interface, Address next_hop) {
    const PathIndex path = next_hops_.acquire(key_of(interface), next_hop);
    if (interface == 0 && recursive_[next_hop].routes++ == 0) {
        Recursive& hop = recursive_[next_hop];
        hop.interface = resolve(next_hop);
        next_hops_.place(next_hop, hop.interface, vrf_);
    }
    return path;
}

template <class Family>
void Fib<Family>::release_next_hop(interface::Index interface, Address next_hop) {
    next_hops_.release(key_of(interface), next_hop);
    if (interface == 0) {
        const auto hop = recursive_.find(next_hop);
        if (--hop->second.routes == 0) {
            recursive_.erase(hop);
        }
    }
}

/// The path that a route by `via` leads to, held for it: 0 where there is no room for one. To be
/// released in either case.
template <class Family>
PathIndex Fib<Family>::hold(const Via& via, const Prefix& prefix) {
    switch (via.kind) {
        case Via::Kind::local:
            return paths_.local;
        case Via::Kind::blackhole:
            return paths_.blackhole;
        case Via::Kind::prohibit:
            return paths_.prohibit;
        case Via::Kind::unreachable:
            return paths_.unreachable;
        case Via::Kind::broadcast:
            return paths_.broadcast;
        case Via::Kind::tunnel:
            return paths_.tunnel;
        case Via::Kind::vrf:
            return vrf_paths_.acquire(via.vrf);
        case Via::Kind::connected:
            return next_hops_.acquire(via.interface, connected_hop(prefix));
        case Via::Kind::group:
            groups_.hold(via.group);
            return groups_.leading_to(via.group);
        case Via::Kind::next_hop:
            break;
    }
    return hold_next_hop(via.interface, via.next_hop);
}

template <class Family>
void Fib<Family>::release(const Via& via, const Prefix& prefix) {
    if (via.kind == Via::Kind::connected) {
        next_hops_.release(via.interface, connected_hop(prefix));
    } else if (via.kind == Via::Kind::vrf) {
        vrf_paths_.release(via.vrf);
    } else if (via.kind == Via::Kind::group) {
        groups_.let_go(via.group);
    } else if (via.kind == Via::Kind::next_hop) {
        release_next_hop(via.interface, via.next_hop);
    }
}

template <class Family>
bool Fib<Family>::paint(const Prefix& prefix, PathIndex path, Room room) {
    if (prefix.length() == 0) {
        table_.set_default(path == 0 ? paths_.no_route : path);
        return true;
    }
    const auto fill = [&](Address first, Address last) {
        return Family::paint(table_, first, last, path, room == Room::all);
    };
    // Longer prefixes inside keep what they have: paint the gaps between them. They follow in the
    // order of addresses, an enclosing one before those it encloses.
    Address at = prefix.first();
    // What is painted ends with the last address that there is.
    bool at_end = false;
    bool painted = true;
    rib_.visit_inside(prefix, [&](const Prefix& inner, const Entry&) {
        if (inner.first() > at) {
            painted = fill(at, Family::before(inner.first()));
        }
        if (inner.last() >= at) {
            at_end = inner.last() == prefix.last();
            at = at_end ? at : Family::after(inner.last());
        }
        return painted && !at_end;
    });
    return painted && !at_end ? fill(at, prefix.last()) : painted;
}

template <class Family>
absl::Status Fib<Family>::add(const Prefix& prefix, RouteSource source, const Via& via,
                              std::optional<uint8_t> preference) {
    if (!prefix.is_normalised()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is not a network: bits behind the prefix length are set; {} would be right", prefix,
            prefix.normalised()));
    }
    if (via.kind == Via::Kind::next_hop && !via.next_hop.valid_source()) {
        return absl::InvalidArgumentError(
            fmt::format("route {} cannot lead to {}; give the unicast address of a router or host",
                        prefix, via.next_hop));
    }
    if (via.is_recursive() && Family::is_of_link(via.next_hop)) {
        return absl::InvalidArgumentError(fmt::format(
            "route {} leads to {}, which there may be on every link; name the interface", prefix,
            via.next_hop));
    }
    if (via.kind == Via::Kind::connected && via.interface == 0) {
        return absl::InvalidArgumentError(
            fmt::format("route {} is said to be connected, but to no interface; name one", prefix));
    }
    if (via.kind == Via::Kind::vrf && via.vrf == vrf_) {
        return absl::InvalidArgumentError(
            fmt::format("route {} leads to the VRF that it is in; give another", prefix));
    }
    if (via.kind == Via::Kind::group && groups_.leading_to(via.group) == 0) {
        return absl::NotFoundError(fmt::format(
            "route {} leads to a next-hop group that there is not; add it first", prefix));
    }
    Entry& entry = rib_.at(prefix);
    const Entry before = entry;
    const auto put_back = [&] {
        if (before.empty()) {
            rib_.erase(prefix);
        } else {
            entry = before;
        }
    };
    const auto own = std::find_if(before.begin(), before.end(),
                                  [&](const Held& held) { return held.route.source == source; });
    if (own == before.end() && routes_ == max_routes) {
        put_back();
        return absl::ResourceExhaustedError(
            fmt::format("no room for route {}: there are {}", prefix, max_routes));
    }
    const Route route{source, preference.value_or(default_preference(source)), via};
    if (own != before.end() && own->route == route) {
        return absl::OkStatus();
    }
    const Held held{route, hold(via, prefix)};
    if (held.path == 0) {
        release(via, prefix);
        put_back();
        return absl::ResourceExhaustedError(
            fmt::format("no room for the next hop of route {}: there are {}", prefix,
                        ForwardingTable::capacity - 1));
    }
    if (own != before.end()) {
        entry.erase(entry.begin() + (own - before.begin()));
    }
    // A tunnel's address is mostly one that an interface has as well: the tunnel's way in leads to
    // the router too, and so goes first.
    const auto rank = [](const Route& one) {
        return std::pair(one.preference, one.source != RouteSource::tunnel);
    };
    entry.insert(
        std::find_if(entry.begin(), entry.end(),
                     [&](const Held& other) { return rank(other.route) > rank(held.route); }),
        held);
    if (!paint(prefix, entry.front().path, Room::shared)) {
        release(via, prefix);
        put_back();
        return absl::ResourceExhaustedError(
            fmt::format("no room for route {}: {}", prefix, Family::table_full()));
    }
    // Who follows is told before the old path is given back.
    follow_again(prefix);
    if (own != before.end()) {
        release(own->route.via, prefix);
    } else {
        ++routes_;
    }
    resolve_again(prefix);
    if (!observers_.empty()) {
        tell(prefix, held, entry.front().route.source == source,
             own == before.end() ? Change::added : Change::changed);
        tell_use(prefix, before, entry, source);
    }
    return absl::OkStatus();
}

template <class Family>
absl::Status Fib<Family>::remove(const Prefix& prefix, RouteSource source) {
    Entry* const known = rib_.find(prefix);
    const auto own = known == nullptr
                         ? nullptr
                         : std::find_if(known->begin(), known->end(), [&](const Held& held) {
                               return held.route.source == source;
                           });
    if (known == nullptr || own == known->end()) {
        return absl::NotFoundError(fmt::format("there is no {} route {}", name(source), prefix));
    }
    const Held gone = *own;
    const Via& via = gone.route.via;
    const Entry before = *known;
    known->erase(own);
    if (known->empty()) {
        // Painting over with what covers it: a table keeps room for that. The default route is no
        // paint.
        const auto cover = rib_.covering(prefix);
        const bool is_painted = cover && cover->prefix.length() > 0;
        const PathIndex path = is_painted ? cover->entry->front().path : 0;
        rib_.erase(prefix);
        paint(prefix, path, Room::all);
        join(prefix);
    } else {
        paint(prefix, known->front().path, Room::all);
    }
    follow_again(prefix);
    --routes_;
    ++removed_;
    // Where it led is known while its next hop is.
    if (!observers_.empty()) {
        tell(prefix, gone, before.front().route.source == source, Change::removed);
    }
    release(via, prefix);
    resolve_again(prefix);
    if (!observers_.empty() && before.size() > 1) {
        tell_use(prefix, before, *rib_.find(prefix), source);
    }
    return absl::OkStatus();
}

template <class Family>
void Fib<Family>::tell(const Prefix& prefix, const Held& held, bool used, Change change) const {
    const Match match = describe(prefix, held);
    for (const RouteObserver& observer : observers_) {
        observer(match, used, change);
    }
}

/// Tells of the routes of other sources that are used `now` and were not `before`, or the other
/// way.
template <class Family>
void Fib<Family>::tell_use(const Prefix& prefix, const Entry& before, const Entry& now,
                           RouteSource source) const {
    if (before.empty() || before.front().route.source == now.front().route.source) {
        return;
    }
    for (const Held& held : now) {
        const RouteSource other = held.route.source;
        const bool used = &held == now.begin();
        if (other != source && (used || other == before.front().route.source)) {
            tell(prefix, held, used, Change::changed);
        }
    }
}

template <class Family>
void Fib<Family>::join(const Prefix& gone) {
    if (gone.length() <= Family::block_length) {
        return;
    }
    const Prefix network = Prefix(gone.address(), Family::block_length).normalised();
    bool last = true;
    rib_.visit_inside(network, [&last](const Prefix&, const Entry&) { return last = false; });
    if (last) {
        Family::join(table_, gone.address());
    }
}

template <class Family>
void Fib<Family>::resolve_again(const Prefix& changed) {
    // What a next hop resolves to hangs on connected routes only, never on what is changed here:
    // one pass does.
    for (auto hop = recursive_.lower_bound(changed.first());
         hop != recursive_.end() && hop->first <= changed.last(); ++hop) {
        const interface::Index now = resolve(hop->first);
        if (now != hop->second.interface) {
            hop->second.interface = now;
            next_hops_.place(hop->first, now, vrf_);
            for (const NextHopObserver& observer : next_hop_observers_) {
                observer(hop->first, now);
            }
        }
    }
}

template <class Family>
typename Fib<Family>::FollowerId Fib<Family>::follow(Address address, Follower follower) {
    const FollowerId id = next_follower_++;
    Following& following = followers_[{address, id}];
    following = {path_to(address), std::move(follower)};
    following.follower(following.path);
    return id;
}

template <class Family>
void Fib<Family>::unfollow(Address address, FollowerId id) {
    followers_.erase({address, id});
}

/// As workers find it.
template <class Family>
PathIndex Fib<Family>::path_to(Address address) const {
    const auto found = rib_.match(address);
    return found ? found->entry->front().path : paths_.no_route;
}

template <class Family>
void Fib<Family>::follow_again(const Prefix& changed) {
    constexpr FollowerId last = std::numeric_limits<FollowerId>::max();
    const auto end = followers_.upper_bound({changed.last(), last});
    for (auto at = followers_.lower_bound({changed.first(), 0}); at != end; ++at) {
        Following& following = at->second;
        if (const PathIndex path = path_to(at->first.first); path != following.path) {
            following.path = path;
            following.follower(path);
        }
    }
}

template <class Family>
void Fib<Family>::forget_interface(interface::Index interface) {
    remove_if([interface](const Via& via) { return via.interface == interface; });
}

template <class Family>
void Fib<Family>::clear() {
    remove_if([](const Via&) { return true; });
}

template <class Family>
template <class Which>
void Fib<Family>::remove_if(const Which& which) {
    std::vector<std::pair<Prefix, RouteSource>> gone;
    rib_.visit_from({}, [&](const Prefix& prefix, const Entry& entry) {
        for (const Held& held : entry) {
            if (which(held.route.via)) {
                gone.emplace_back(prefix, held.route.source);
            }
        }
        return true;
    });
    for (const auto& [prefix, source] : gone) {
        (void)remove(prefix, source);
    }
}

template <class Family>
typename Fib<Family>::Match Fib<Family>::describe(const Prefix& prefix, const Held& held) const {
    const Via& via = held.route.via;
    return {
        prefix, held.route,
        via.kind == Via::Kind::next_hop ? place_of(via.interface, via.next_hop) : via.interface};
}

template <class Family>
std::optional<typename Fib<Family>::Match> Fib<Family>::match(Address address) const {
    const auto found = rib_.match(address);
    if (!found) {
        return std::nullopt;
    }
    return describe(found->prefix, found->entry->front());
}

template <class Family>
std::optional<typename Fib<Family>::Route> Fib<Family>::find(const Prefix& prefix,
                                                             RouteSource source) const {
    if (const Entry* entry = rib_.find(prefix)) {
        for (const Held& held : *entry) {
            if (held.route.source == source) {
                return held.route;
            }
        }
    }
    return std::nullopt;
}

template <class Family>
void Fib<Family>::visit(const std::optional<Prefix>& after,
                        const std::function<bool(const Match&, bool)>& callback) const {
    const auto each = [&](const Prefix& prefix, const Entry& entry) {
        for (const Held& held : entry) {
            if (!callback(describe(prefix, held), &held == entry.begin())) {
                return false;
            }
        }
        return true;
    };
    after ? rib_.visit_behind(*after, each) : rib_.visit_from({}, each);
}

template <class Family>
void Fib<Family>::visit_next_hops(
    const std::function<void(Address, interface::Index)>& callback) const {
    for (const auto& [address, hop] : recursive_) {
        callback(address, hop.interface);
    }
}

template <class Family>
void Fib<Family>::visit_prefix(const Prefix& prefix,
                               const std::function<void(const Match&, bool)>& callback) const {
    if (const Entry* entry = rib_.find(prefix)) {
        for (const Held& held : *entry) {
            callback(describe(prefix, held), &held == entry->begin());
        }
    }
}

}  // namespace vnet::fib
