// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/fib.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vnet::ip4 {

std::string_view name(RouteSource source) {
    switch (source) {
        case RouteSource::address:
            return "address";
        case RouteSource::configured:
            return "configured";
        case RouteSource::neighbor:
            return "neighbor";
    }
    return {};
}

uint8_t default_preference(RouteSource source) {
    switch (source) {
        case RouteSource::address:
            return 0;
        case RouteSource::configured:
            return 10;
        case RouteSource::neighbor:
            return 250;
    }
    return 255;
}

std::string_view name(Via::Kind kind) {
    switch (kind) {
        case Via::Kind::next_hop:
            return "next-hop";
        case Via::Kind::connected:
            return "connected";
        case Via::Kind::local:
            return "local";
        case Via::Kind::blackhole:
            return "blackhole";
        case Via::Kind::prohibit:
            return "prohibit";
        case Via::Kind::unreachable:
            return "unreachable";
        case Via::Kind::broadcast:
            return "broadcast";
    }
    return {};
}

namespace {
/// Of a connected route of one address, that address: so its neighbour's path is used, once it is
/// resolved.
wire::Ip4Address connected_hop(const wire::Ip4Prefix& prefix) {
    return prefix.length() == 32 ? prefix.address() : wire::Ip4Address();
}
}  // namespace

Fib::Fib(Dir24& table, fib::NextHops& next_hops, Paths paths)
    : table_(table), next_hops_(next_hops), paths_(paths) {}

Fib::~Fib() {
    for (const auto& [prefix, entry] : rib_) {
        for (const Held& held : entry) {
            release_path(held, prefix);
        }
    }
}

Fib::Rib::const_iterator Fib::longest(wire::Ip4Address address,
                                      const std::optional<wire::Ip4Prefix>& except) const {
    for (int length = 32; length >= 0; --length) {
        if (lengths_[size_t(length)] == 0) {
            continue;
        }
        const wire::Ip4Prefix prefix = wire::Ip4Prefix(address, uint8_t(length)).normalised();
        if (except && prefix == *except) {
            continue;
        }
        if (const auto found = rib_.find(prefix); found != rib_.end()) {
            return found;
        }
    }
    return rib_.end();
}

interface::Index Fib::resolve(wire::Ip4Address next_hop, const wire::Ip4Prefix& owner) const {
    // A next hop is reached by a connected network: directly, or through a neighbour's own route in
    // it. A route must not be the way to its own next hop, nor another whose next hop waits for the
    // same answer.
    for (int length = 32; length >= 0; --length) {
        const wire::Ip4Prefix prefix = wire::Ip4Prefix(next_hop, uint8_t(length)).normalised();
        if (lengths_[size_t(length)] == 0 || prefix == owner) {
            continue;
        }
        const auto found = rib_.find(prefix);
        if (found == rib_.end()) {
            continue;
        }
        const Via& via = found->second.front().route.via;
        const bool to_itself = via.kind == Via::Kind::next_hop && via.next_hop == next_hop;
        if (to_itself && via.interface == 0) {
            continue;
        }
        return to_itself || via.kind == Via::Kind::connected ? via.interface : 0;
    }
    return 0;
}

/// Gives `held` the path that its route has when its next hop is on `interface`; 0: nowhere.
void Fib::find_path(Held& held, const wire::Ip4Prefix& prefix, interface::Index interface) {
    const Via& via = held.route.via;
    const wire::Ip4Address address =
        via.kind == Via::Kind::connected ? connected_hop(prefix) : via.next_hop;
    held.interface = interface;
    held.path = interface == 0 ? paths_.unreachable : next_hops_.acquire(interface, address);
}

void Fib::hold(Held& held, const wire::Ip4Prefix& prefix) {
    const Via& via = held.route.via;
    held.interface = via.interface;
    switch (via.kind) {
        case Via::Kind::local:
            held.path = paths_.local;
            return;
        case Via::Kind::blackhole:
            held.path = paths_.blackhole;
            return;
        case Via::Kind::prohibit:
            held.path = paths_.prohibit;
            return;
        case Via::Kind::unreachable:
            held.path = paths_.unreachable;
            return;
        case Via::Kind::broadcast:
            held.path = paths_.broadcast;
            return;
        case Via::Kind::connected:
        case Via::Kind::next_hop:
            break;
    }
    interface::Index interface = via.interface;
    if (interface == 0) {
        ++recursive_[via.next_hop][prefix];
        interface = resolve(via.next_hop, prefix);
    }
    find_path(held, prefix, interface);
}

void Fib::release(const Held& held, const wire::Ip4Prefix& prefix) {
    const Via& via = held.route.via;
    if (via.kind == Via::Kind::next_hop && via.interface == 0) {
        const auto users = recursive_.find(via.next_hop);
        const auto user = users->second.find(prefix);
        if (--user->second == 0) {
            users->second.erase(user);
        }
        if (users->second.empty()) {
            recursive_.erase(users);
        }
    }
    release_path(held, prefix);
}

void Fib::release_path(const Held& held, const wire::Ip4Prefix& prefix) {
    const Via& via = held.route.via;
    if (via.kind == Via::Kind::connected) {
        next_hops_.release(via.interface, connected_hop(prefix));
    } else if (via.kind == Via::Kind::next_hop && held.interface != 0) {
        next_hops_.release(held.interface, via.next_hop);
    }
}

fib::PathIndex Fib::covering(const wire::Ip4Prefix& prefix) const {
    for (int length = int(prefix.length()) - 1; length > 0; --length) {
        if (lengths_[size_t(length)] == 0) {
            continue;
        }
        const auto found =
            rib_.find(wire::Ip4Prefix(prefix.address(), uint8_t(length)).normalised());
        if (found != rib_.end()) {
            return found->second.front().path;
        }
    }
    return 0;
}

bool Fib::paint(const wire::Ip4Prefix& prefix, fib::PathIndex path) {
    if (prefix.length() == 0) {
        table_.set_default(path);
        return true;
    }
    // Longer prefixes inside keep what they have: paint the gaps between them. They follow in the
    // map in order of address, an enclosing one before those it encloses.
    uint64_t at = prefix.first().value();
    const uint64_t end = prefix.last().value();
    auto inner = rib_.upper_bound(prefix);
    while (at <= end) {
        if (inner == rib_.end() || inner->first.address().value() > end) {
            return table_.paint(uint32_t(at), uint32_t(end), path);
        }
        const uint64_t inner_first = inner->first.first().value();
        const uint64_t inner_last = inner->first.last().value();
        if (inner_first > at && !table_.paint(uint32_t(at), uint32_t(inner_first - 1), path)) {
            return false;
        }
        at = inner_last + 1;
        inner = rib_.lower_bound(wire::Ip4Prefix(wire::Ip4Address(uint32_t(at)), 0));
        if (at > 0xffff'ffff) {
            break;
        }
    }
    return true;
}

absl::Status Fib::add(const wire::Ip4Prefix& prefix, RouteSource source, const Via& via,
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
    if (via.kind == Via::Kind::connected && via.interface == 0) {
        return absl::InvalidArgumentError(
            fmt::format("route {} is said to be connected, but to no interface; name one", prefix));
    }
    const auto known = rib_.find(prefix);
    Entry before = known == rib_.end() ? Entry() : known->second;
    const auto own = std::find_if(before.begin(), before.end(),
                                  [&](const Held& held) { return held.route.source == source; });
    if (own == before.end() && routes_ == max_routes) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for route {}: there are {}", prefix, max_routes));
    }
    Held held{{source, preference.value_or(default_preference(source)), via}, 0, 0};
    hold(held, prefix);
    if (held.path == 0) {
        release(held, prefix);
        return absl::ResourceExhaustedError(
            fmt::format("no room for the next hop of route {}: there are {}", prefix,
                        fib::ForwardingTable::capacity - 1));
    }
    Entry after = before;
    if (own != before.end()) {
        after.erase(after.begin() + (own - before.begin()));
    }
    after.insert(std::find_if(after.begin(), after.end(),
                              [&](const Held& other) {
                                  return other.route.preference > held.route.preference;
                              }),
                 held);
    rib_[prefix] = after;
    if (!paint(prefix, after.front().path)) {
        if (before.empty()) {
            rib_.erase(prefix);
        } else {
            rib_[prefix] = before;
        }
        release(held, prefix);
        return absl::ResourceExhaustedError(
            fmt::format("no room for route {}: prefixes longer than 24 bits fill {} blocks", prefix,
                        Dir24::max_blocks));
    }
    if (own != before.end()) {
        release(*own, prefix);
    } else {
        ++routes_;
        lengths_[prefix.length()] += before.empty();
    }
    resolve_again(prefix);
    return absl::OkStatus();
}

absl::Status Fib::remove(const wire::Ip4Prefix& prefix, RouteSource source) {
    const auto known = rib_.find(prefix);
    const auto own =
        known == rib_.end()
            ? nullptr
            : std::find_if(known->second.begin(), known->second.end(),
                           [&](const Held& held) { return held.route.source == source; });
    if (known == rib_.end() || own == known->second.end()) {
        return absl::NotFoundError(fmt::format("there is no {} route {}", name(source), prefix));
    }
    const Held gone = *own;
    known->second.erase(own);
    if (known->second.empty()) {
        rib_.erase(known);
        --lengths_[prefix.length()];
        // Painting over with what covers it: a prefix longer than 24 bits keeps its block till now,
        // so there is room.
        paint(prefix, covering(prefix));
        join(prefix);
    } else {
        paint(prefix, known->second.front().path);
    }
    --routes_;
    release(gone, prefix);
    resolve_again(prefix);
    return absl::OkStatus();
}

void Fib::join(const wire::Ip4Prefix& gone) {
    // In the order of the map, what is longer than 24 bits and in the same /24 begins here.
    const auto next = rib_.lower_bound({wire::Ip4Prefix(gone.address(), 24).first(), 25});
    const bool last =
        next == rib_.end() || !wire::Ip4Prefix(gone.address(), 24).contains(next->first.address());
    if (gone.length() > 24 && last) {
        table_.join(gone.address().value());
    }
}

void Fib::resolve_again(const wire::Ip4Prefix& changed) {
    // What a next hop resolves to hangs on connected routes only, never on what is changed here:
    // one pass does.
    for (auto user = recursive_.lower_bound(changed.first());
         user != recursive_.end() && user->first <= changed.last(); ++user) {
        for (const auto& [prefix, count] : user->second) {
            const auto found = rib_.find(prefix);
            if (found == rib_.end()) {
                continue;
            }
            for (Held& held : found->second) {
                const Via& via = held.route.via;
                if (via.kind != Via::Kind::next_hop || via.interface != 0 ||
                    via.next_hop != user->first) {
                    continue;
                }
                const interface::Index now = resolve(via.next_hop, prefix);
                if (now == held.interface) {
                    continue;
                }
                const Held before = held;
                find_path(held, prefix, now);
                paint(prefix, found->second.front().path);
                release_path(before, prefix);
            }
        }
    }
}

void Fib::forget_interface(interface::Index interface) {
    std::vector<std::pair<wire::Ip4Prefix, RouteSource>> gone;
    for (const auto& [prefix, entry] : rib_) {
        for (const Held& held : entry) {
            if (held.route.via.interface == interface) {
                gone.emplace_back(prefix, held.route.source);
            }
        }
    }
    for (const auto& [prefix, source] : gone) {
        (void)remove(prefix, source);
    }
}

std::optional<Fib::Match> Fib::match(wire::Ip4Address address) const {
    const auto found = longest(address, std::nullopt);
    if (found == rib_.end()) {
        return std::nullopt;
    }
    const Held& best = found->second.front();
    return Match{found->first, best.route, best.interface};
}

std::optional<Route> Fib::find(const wire::Ip4Prefix& prefix, RouteSource source) const {
    const auto found = rib_.find(prefix);
    if (found != rib_.end()) {
        for (const Held& held : found->second) {
            if (held.route.source == source) {
                return held.route;
            }
        }
    }
    return std::nullopt;
}

void Fib::visit(const std::optional<wire::Ip4Prefix>& after,
                const std::function<bool(const Match&, bool)>& callback) const {
    for (auto at = after ? rib_.upper_bound(*after) : rib_.begin(); at != rib_.end(); ++at) {
        bool used = true;
        for (const Held& held : at->second) {
            if (!callback({at->first, held.route, held.interface}, used)) {
                return;
            }
            used = false;
        }
    }
}

void Fib::visit_prefix(const wire::Ip4Prefix& prefix,
                       const std::function<void(const Match&, bool)>& callback) const {
    const auto found = rib_.find(prefix);
    if (found == rib_.end()) {
        return;
    }
    bool used = true;
    for (const Held& held : found->second) {
        callback({found->first, held.route, held.interface}, used);
        used = false;
    }
}

}  // namespace vnet::ip4
