// SPDX-License-Identifier: Apache-2.0
#include "vnet/tunnel/underlay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "vnet/tunnel/errors.hpp"
#include "vnet/tunnel/frame.hpp"

namespace vnet::tunnel {

namespace {

/// The smallest MTU that a router is believed. Over IPv4 some could be less (RFC 791 3.2: 68), but
/// hardly are; who says so wants to do harm, and everybody can say so.
template <class Family>
constexpr uint32_t smallest_mtu = std::is_same_v<Family, ip4::Family> ? 552 : 1280;

/// Next smaller MTU that links have, for a router that does not say (RFC 1191 7).
uint32_t plateau_below(uint32_t length) {
    for (const uint32_t plateau : {32000U, 17914U, 8166U, 4352U, 2002U, 1492U, 1006U, 508U, 296U}) {
        if (plateau < length) {
            return plateau;
        }
    }
    return 68;
}

}  // namespace

template <class Family>
struct Underlay<Family>::Pair : std::enable_shared_from_this<Pair> {
    Key key;
    fib::PathIndex path = 0;
    typename fib::Fib<Family>::FollowerId follower = 0;
    std::vector<HeldWay*> ways;
    /// What the path carries, and the interface that it leaves by, where that is one.
    uint32_t path_mtu = 0;
    interface::Index interface = graph::no_interface;
    /// What a router on the way has said, while that is believed.
    std::optional<uint32_t> told_mtu;
    graph::Control::Handle told_ends;

    uint32_t mtu() const { return told_mtu ? std::min(path_mtu, *told_mtu) : path_mtu; }
};

template <class Family>
class Underlay<Family>::HeldWay final : public Way {
public:
    HeldWay(Underlay& owner, std::shared_ptr<Pair> pair, const Request& request)
        : owner_(owner), pair_(std::move(pair)), request_(request) {
        pair_->ways.push_back(this);
        lead(pair_->path);
    }
    ~HeldWay() override {
        std::erase(pair_->ways, this);
        const auto [vrf, local, remote] = pair_->key;
        if (pair_->ways.empty()) {
            owner_.parts_.fibs.of(vrf).unfollow(remote, pair_->follower);
            owner_.leave_by(*pair_, graph::no_interface);
            owner_.pairs_.erase(pair_->key);
        }
        owner_.release_local(vrf, local);
    }

    uint32_t mtu() const override {
        const uint32_t mtu = pair_->mtu();
        const uint32_t headers = request_.outers.front()->length;
        return mtu > headers ? mtu - headers : 0;
    }

    void lead(fib::PathIndex path) {
        for (Outer* outer : request_.outers) {
            outer->path.store(path, std::memory_order_release);
        }
    }
    const Request& request() const { return request_; }
    /// The outer headers that a quote, from its IP header on, begins with, as far as it goes; null
    /// where they are another tunnel's.
    const Outer* quoted(std::span<const std::byte> quote) const {
        using Header = typename Names<Family>::Header;
        // What everybody quotes (RFC 792).
        constexpr size_t least = 8;
        const auto* ip = wire::view<Header>(quote);
        const auto theirs = wire::after(quote, sizeof(Header));
        if (ip == nullptr || theirs.size() < least) {
            return nullptr;
        }
        for (const Outer* outer : request_.outers) {
            const std::span<const std::byte> bytes =
                outer->length <= Outer::short_header
                    ? std::span<const std::byte>(outer->short_bytes).last(outer->length)
                    : std::span<const std::byte>(outer->long_bytes).last(outer->length);
            const auto* own = wire::view<Header>(bytes);
            if (Names<Family>::protocol(*own) == Names<Family>::protocol(*ip) &&
                is_own(bytes.subspan(sizeof(Header)), theirs, outer->has_udp)) {
                return outer;
            }
        }
        return nullptr;
    }

private:
    /// What each packet has of its own is not looked at.
    bool is_own(std::span<const std::byte> behind, std::span<const std::byte> theirs,
                bool has_udp) const {
        const auto varies = [&](size_t at) {
            // Source port, length and checksum.
            if (has_udp && (at < 2 || (at >= 4 && at < sizeof(wire::UdpHeader)))) {
                return true;
            }
            return std::any_of(
                request_.varying.begin(), request_.varying.end(),
                [at](const auto& range) { return at >= range.first && at < range.second; });
        };
        for (size_t at = 0; at < std::min(behind.size(), theirs.size()); ++at) {
            if (behind[at] != theirs[at] && !varies(at)) {
                return false;
            }
        }
        return true;
    }

    Underlay& owner_;
    std::shared_ptr<Pair> pair_;
    const Request request_;
};

template <class Family>
class Underlay<Family>::HeldLocal final : public LocalEnd {
public:
    HeldLocal(Underlay& owner, interface::Vrf vrf, Address local)
        : owner_(owner), vrf_(vrf), local_(local) {}
    ~HeldLocal() override { owner_.release_local(vrf_, local_); }

private:
    Underlay& owner_;
    const interface::Vrf vrf_;
    const Address local_;
};

/// To a group: nobody resolves it, and no route leads there.
template <class Family>
class Underlay<Family>::GroupWay final : public Way {
public:
    GroupWay(Underlay& owner, const Request& request, interface::Index link, fib::PathIndex path)
        : owner_(owner), request_(request), link_(link), path_(path) {
        owner_.group_ways_.push_back(this);
        owner_.parts_.groups.join(link_, request_.ends.remote);
        lead(path_);
    }
    ~GroupWay() override {
        std::erase(owner_.group_ways_, this);
        owner_.parts_.groups.leave(link_, request_.ends.remote);
        lead(0);
        owner_.parts_.forwarding.release(path_);
    }

    uint32_t mtu() const override {
        const auto* on = owner_.parts_.interfaces.get(link_);
        const uint32_t headers = request_.outers.front()->length;
        return on != nullptr && on->mtu > headers ? on->mtu - headers : 0;
    }
    /// What an adjacency to the group is on an interface.
    static fib::Adjacency adjacency(const Underlay& owner, Address group,
                                    const interface::Interface& on) {
        fib::Adjacency made =
            on.device->carries_ethernet()
                ? fib::ethernet_adjacency(on, owner.rewrite_, group.multicast_mac(),
                                          uint16_t(Names<Family>::ether_type))
                : fib::plain_adjacency(on, owner.rewrite_);
        made.set_next_hop(group);
        return made;
    }
    void changed(const interface::Interface& interface, interface::Change change) {
        if (interface.index != link_ ||
            (change != interface::Change::mtu && change != interface::Change::mac)) {
            return;
        }
        owner_.parts_.forwarding.turn(path_, adjacency(owner_, request_.ends.remote, interface));
        if (request_.changed) {
            request_.changed();
        }
    }

private:
    void lead(fib::PathIndex path) {
        for (Outer* outer : request_.outers) {
            outer->path.store(path, std::memory_order_release);
        }
    }

    Underlay& owner_;
    const Request request_;
    const interface::Index link_;
    const fib::PathIndex path_;
};

template <class Family>
Underlay<Family>::Underlay(const Parts& parts)
    : parts_(parts),
      icmp4_error_(parts.engine.graph().find("icmp4-error")),
      icmp6_error_(parts.engine.graph().find("icmp6-error")),
      errors_(parts.engine.graph().find(Names<Family>::errors)),
      rewrite_(parts.engine.graph().find(Names<Family>::rewrite)) {
    timer_ = parts_.engine.control().every(std::chrono::seconds(1), [this] { reckon_all(); });
    const auto reckon_later = [weak = std::weak_ptr(self_)](auto&& concerns) {
        if (const auto self = weak.lock(); self != nullptr && concerns(**self)) {
            (*self)->reckons_all_ = true;
            (*self)->reckon_soon();
        }
    };
    parts_.interfaces.observe([reckon_later](const interface::Interface& interface,
                                             interface::Change change) {
        reckon_later([&](const Underlay& self) {
            return change == interface::Change::mtu && self.leaves_by_.contains(interface.index);
        });
    });
    parts_.interfaces.observe([weak = std::weak_ptr(self_)](const interface::Interface& interface,
                                                            interface::Change change) {
        if (const auto self = weak.lock()) {
            for (GroupWay* way : (*self)->group_ways_) {
                way->changed(interface, change);
            }
        }
    });
    // Only one without an interface is found by another way without a call of the follower.
    parts_.next_hops.observe([reckon_later](interface::Index interface, Address) {
        reckon_later([&](const Underlay& self) {
            return (interface == 0 || interface >= graph::max_interfaces) && !self.pairs_.empty();
        });
    });
}

template <class Family>
Underlay<Family>::~Underlay() = default;

template <class Family>
absl::Status Underlay<Family>::check(Address address) {
    if (!address.valid_source() || address.is_multicast() || Family::is_of_link(address)) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be the end of a tunnel; give an address that one router has "
                        "and that means the same everywhere",
                        address));
    }
    return absl::OkStatus();
}

template <class Family>
absl::Status Underlay<Family>::check(const Ends<Address>& ends) const {
    absl::Status status = check(ends.local);
    status.Update(check(ends.remote));
    if (!status.ok()) {
        return status;
    }
    if (ends.local == ends.remote) {
        return absl::InvalidArgumentError(
            fmt::format("both ends of the tunnel are {}; give the address of another router as its "
                        "remote end",
                        ends.local));
    }
    return absl::OkStatus();
}

template <class Family>
absl::Status Underlay<Family>::hold_local(interface::Vrf vrf, Address local) {
    unsigned& tunnels = locals_[{vrf, local}];
    if (tunnels == 0) {
        using Prefix = typename Family::Prefix;
        const auto added =
            parts_.fibs.of(vrf).add(Prefix(local, Prefix::longest), fib::RouteSource::tunnel,
                                    fib::Via<Address>(fib::ViaKind::tunnel));
        if (!added.ok()) {
            locals_.erase({vrf, local});
            return added;
        }
    }
    ++locals_[{vrf, local}];
    parts_.local.show_errors_to(errors_);
    return absl::OkStatus();
}

template <class Family>
void Underlay<Family>::release_local(interface::Vrf vrf, Address local) {
    const auto found = locals_.find({vrf, local});
    if (--found->second == 0) {
        locals_.erase(found);
        using Prefix = typename Family::Prefix;
        (void)parts_.fibs.of(vrf).remove(Prefix(local, Prefix::longest), fib::RouteSource::tunnel);
        if (locals_.empty()) {
            parts_.local.show_errors_to_nobody();
        }
    }
}

template <class Family>
auto Underlay<Family>::pair(const Key& key) -> std::shared_ptr<Pair> {
    if (auto known = pairs_[key].lock()) {
        return known;
    }
    auto made = std::make_shared<Pair>();
    made->key = key;
    pairs_[key] = made;
    const auto [vrf, local, remote] = key;
    made->follower =
        parts_.fibs.of(vrf).follow(remote, [this, pair = made.get()](fib::PathIndex path) {
            pair->path = path;
            for (HeldWay* way : pair->ways) {
                way->lead(path);
            }
            reckon_soon(*pair);
        });
    group_mtus_.clear();
    reckon(*made);
    return made;
}

template <class Family>
absl::StatusOr<std::unique_ptr<Way>> Underlay<Family>::open(const Request& request) {
    absl::Status status = check(request.ends);
    if (status.ok()) {
        status = hold_local(request.vrf, request.ends.local);
    }
    if (!status.ok()) {
        return status;
    }
    return std::make_unique<HeldWay>(
        *this, pair({request.vrf, request.ends.local, request.ends.remote}), request);
}

template <class Family>
absl::StatusOr<std::unique_ptr<Way>> Underlay<Family>::open_group(const Request& request,
                                                                  interface::Index link) {
    if (absl::Status status = check(request.ends.local); !status.ok()) {
        return status;
    }
    const Address group = request.ends.remote;
    if (!group.is_multicast() || Names<Family>::is_of_link(group)) {
        return absl::InvalidArgumentError(
            fmt::format("{} is no multicast group for a tunnel; give one that routers forward, as "
                        "239.0.0.1 or ff05::1",
                        group));
    }
    const interface::Interface* on = parts_.interfaces.get(link);
    if (on == nullptr || on->vrf != request.vrf) {
        return absl::InvalidArgumentError(fmt::format(
            "interface '{}' is in another VRF than the tunnel's ends; name one of theirs",
            on == nullptr ? "" : on->name));
    }
    const fib::PathIndex path = parts_.forwarding.make(GroupWay::adjacency(*this, group, *on));
    if (path == 0) {
        return absl::ResourceExhaustedError(fmt::format("no room for the way to {}: there are {}",
                                                        group, fib::ForwardingTable::capacity - 1));
    }
    return std::make_unique<GroupWay>(*this, request, link, path);
}

template <class Family>
absl::StatusOr<std::unique_ptr<LocalEnd>> Underlay<Family>::open_local(interface::Vrf vrf,
                                                                       Address local) {
    absl::Status status = check(local);
    if (status.ok()) {
        status = hold_local(vrf, local);
    }
    if (!status.ok()) {
        return status;
    }
    return std::make_unique<HeldLocal>(*this, vrf, local);
}

template <class Family>
bool Underlay<Family>::is_used_in(interface::Vrf vrf) const {
    return std::any_of(locals_.begin(), locals_.end(),
                       [vrf](const auto& local) { return local.first.first == vrf; });
}

template <class Family>
uint32_t Underlay<Family>::mtu_of_group(fib::GroupIndex group) const {
    const auto [known, is_new] = group_mtus_.try_emplace(group, 0);
    if (!is_new) {
        return known->second;
    }
    uint32_t smallest = ~0U;
    fib::PathIndex last = 0;
    for (unsigned bucket = 0; bucket < fib::BucketTables::buckets; ++bucket) {
        const fib::PathIndex member = parts_.forwarding.groups().path(group, bucket);
        if (std::exchange(last, member) == member) {
            continue;
        }
        const fib::Adjacency& to = parts_.forwarding.adjacency(parts_.forwarding.at(member));
        if (to.mtu != 0) {
            smallest = std::min(smallest, to.mtu);
        }
    }
    known->second = smallest == ~0U ? 0 : smallest;
    return known->second;
}

template <class Family>
uint32_t Underlay<Family>::mtu_of(fib::PathIndex path, Address remote, unsigned depth) const {
    // As many VRFs as a packet is led through.
    constexpr unsigned most_vrfs = 4;
    const fib::Adjacency& adjacency = parts_.forwarding.adjacency(parts_.forwarding.at(path));
    switch (adjacency.action) {
        case fib::Action::forward:
        case fib::Action::resolve:
            return adjacency.mtu;
        case fib::Action::balance:
            return mtu_of_group(adjacency.group);
        case fib::Action::lookup:
            return depth == most_vrfs
                       ? 0
                       : mtu_of(Family::look_up(parts_.tables.of(adjacency.vrf), remote), remote,
                                depth + 1);
        case fib::Action::no_route:
        case fib::Action::local:
        case fib::Action::blackhole:
        case fib::Action::prohibit:
        case fib::Action::unreachable:
        case fib::Action::broadcast:
            return 0;
    }
    return 0;
}

template <class Family>
void Underlay<Family>::reckon_soon(Pair& pair) {
    to_reckon_.push_back(pair.weak_from_this());
    reckon_soon();
}

template <class Family>
void Underlay<Family>::reckon_soon() {
    if (std::exchange(will_reckon_, true)) {
        return;
    }
    parts_.engine.control().post([weak = std::weak_ptr(self_)] {
        const auto self = weak.lock();
        if (self == nullptr) {
            return;
        }
        Underlay& underlay = **self;
        underlay.will_reckon_ = false;
        const auto some = std::exchange(underlay.to_reckon_, {});
        if (std::exchange(underlay.reckons_all_, false)) {
            underlay.reckon_all();
            return;
        }
        underlay.group_mtus_.clear();
        for (const std::weak_ptr<Pair>& one : some) {
            if (const auto pair = one.lock()) {
                underlay.reckon(*pair);
            }
        }
    });
}

template <class Family>
void Underlay<Family>::reckon_all() {
    group_mtus_.clear();
    // What is told may make tunnels go.
    std::vector<std::weak_ptr<Pair>> all;
    for (const auto& [key, pair] : pairs_) {
        all.push_back(pair);
    }
    for (const std::weak_ptr<Pair>& weak : all) {
        if (const auto pair = weak.lock()) {
            reckon(*pair);
        }
    }
}

template <class Family>
void Underlay<Family>::leave_by(Pair& pair, interface::Index interface) {
    if (pair.interface == interface) {
        return;
    }
    if (const auto before = leaves_by_.find(pair.interface);
        before != leaves_by_.end() && --before->second == 0) {
        leaves_by_.erase(before);
    }
    pair.interface = interface;
    if (interface != graph::no_interface) {
        ++leaves_by_[interface];
    }
}

template <class Family>
void Underlay<Family>::reckon(Pair& pair) {
    const uint32_t before = pair.mtu();
    leave_by(pair, parts_.forwarding.adjacency(parts_.forwarding.at(pair.path)).interface);
    // Through the tunnel itself nothing gets: what fits is what did before, and does when the way
    // is another one again.
    const bool is_loop = std::any_of(pair.ways.begin(), pair.ways.end(), [&](const HeldWay* way) {
        return way->request().interface == pair.interface;
    });
    if (!is_loop) {
        pair.path_mtu = mtu_of(pair.path, std::get<2>(pair.key));
    }
    if (pair.mtu() == before) {
        return;
    }
    tell(pair);
}

template <class Family>
void Underlay<Family>::tell(Pair& pair) {
    for (size_t i = 0; i < pair.ways.size(); ++i) {
        if (pair.ways[i]->request().changed) {
            pair.ways[i]->request().changed();
        }
    }
}

template <class Family>
void Underlay<Family>::too_big(Pair& pair, uint32_t mtu) {
    const uint32_t believed = std::max(mtu, smallest_mtu<Family>);
    if (believed >= pair.mtu()) {
        return;
    }
    pair.told_mtu = believed;
    pair.told_ends =
        parts_.engine.control().after(too_big_lasts, [weak_self = std::weak_ptr(self_), &pair] {
            pair.told_mtu.reset();
            if (const auto self = weak_self.lock()) {
                (*self)->tell(pair);
            }
        });
    tell(pair);
}

/// What an ICMP error means to a tunnel.
template <class Family>
struct Underlay<Family>::Error {
    /// Of Packet Too Big.
    std::optional<uint32_t> mtu;
    /// The other end is not reached.
    bool is_lost = false;

    static Error of(std::span<const std::byte> message) {
        Error error;
        if constexpr (std::is_same_v<Family, ip4::Family>) {
            const auto* icmp = wire::view<wire::Icmp4Header>(message);
            if (icmp == nullptr) {
                return error;
            }
            const bool is_too_big =
                icmp->type() == wire::Icmp4Type::unreachable &&
                icmp->code == uint8_t(wire::Icmp4Unreachable::fragmentation_needed);
            if (is_too_big) {
                const uint32_t told = icmp->rest.value() & 0xffff;
                const auto* ip = wire::view<wire::Ip4Header>(wire::after(message, 8));
                error.mtu = told != 0       ? told
                            : ip != nullptr ? plateau_below(ip->total_length.value())
                                            : 0;
            }
            error.is_lost = !is_too_big && icmp->type() != wire::Icmp4Type::source_quench;
        } else {
            const auto* icmp = wire::view<wire::Icmp6Header>(message);
            if (icmp == nullptr) {
                return error;
            }
            if (icmp->type() == wire::Icmp6Type::packet_too_big) {
                if (const auto* big = wire::view<wire::Icmp6PacketTooBigHeader>(message)) {
                    error.mtu = big->mtu.value();
                }
            }
            error.is_lost = !error.mtu;
        }
        return error;
    }
};

template <class Family>
void Underlay<Family>::take_errors(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        const graph::NodeId rest = parts_.local.rest();
        if (!take_error(*packet) && rest != graph::no_node) {
            parts_.engine.inject(packet, rest);
        } else {
            graph::free_packet(packet);
        }
    }
}

template <class Family>
bool Underlay<Family>::take_error(const graph::Packet& packet) {
    using Header = typename Names<Family>::Header;
    const graph::Metadata& meta = packet.meta();
    const auto message = packet.from_offset(meta.l4_offset);
    const auto quote = wire::after(message, Errors<Family>::icmp_header);
    const auto* ip = wire::view<Header>(quote);
    if (ip == nullptr) {
        return false;
    }
    const interface::Vrf vrf = meta.has(graph::packet_flag::led_to_vrf)
                                   ? meta.vrf
                                   : parts_.interfaces.vrf_of(meta.rx_interface);
    const auto found = pairs_.find({vrf, ip->source, ip->destination});
    const auto pair = found == pairs_.end() ? nullptr : found->second.lock();
    if (pair == nullptr) {
        return false;
    }
    for (const HeldWay* way : pair->ways) {
        const Outer* outer = way->quoted(quote);
        if (outer == nullptr) {
            continue;
        }
        const Error error = Error::of(message);
        if (error.mtu) {
            // What fitted was not too big.
            if (*error.mtu < Names<Family>::length(*ip)) {
                too_big(*pair, *error.mtu);
            }
        } else if (error.is_lost) {
            relay(*way, wire::after(quote, outer->length));
        }
        return true;
    }
    return false;
}

/// Tells the sender of what was in the tunnel that the host behind it is not reached (RFC 2003 4,
/// RFC 2473 8). Where the quote does not go so far, or it is no IP packet, nobody can be told.
template <class Family>
void Underlay<Family>::relay(const HeldWay& way, std::span<const std::byte> inner) {
    if (way.request().carries_ethernet) {
        // Who is bridged into the tunnel has no part in the router's routes: only what the router
        // itself has sent there is answered.
        const auto* frame = wire::view<wire::EthernetHeader>(inner);
        const uint64_t own =
            parts_.interfaces.hot(way.request().interface).mac.load(std::memory_order_relaxed);
        if (frame == nullptr || frame->source.to_uint64() != own) {
            return;
        }
        inner = ip_in_frame(inner);
    }
    if (inner.empty()) {
        return;
    }
    const unsigned version = uint8_t(inner[0]) >> 4;
    const size_t header = version == 4 ? sizeof(wire::Ip4Header) : sizeof(wire::Ip6Header);
    // Eight bytes behind the header say to a host which of its packets it was.
    if ((version != 4 && version != 6) || inner.size() < header + 8) {
        return;
    }
    graph::Packet* packet = parts_.engine.pool().allocate();
    if (packet == nullptr) {
        return;
    }
    inner = inner.first(std::min<size_t>(inner.size(), packet->tailroom()));
    (void)packet->resize(uint32_t(inner.size()));
    std::memcpy(packet->data(), inner.data(), inner.size());
    packet->meta().rx_interface = way.request().interface;
    if (version == 4) {
        const auto* ip = wire::view<wire::Ip4Header>(inner);
        packet->meta().l4_offset = uint16_t(ip->header_length());
        icmp4::ask(parts_.icmp4_slot, *packet, wire::Icmp4Type::unreachable,
                   uint8_t(wire::Icmp4Unreachable::host));
    } else {
        packet->meta().l4_offset = sizeof(wire::Ip6Header);
        icmp6::ask(parts_.icmp6_slot, *packet, wire::Icmp6Type::unreachable,
                   uint8_t(wire::Icmp6Unreachable::address));
    }
    parts_.engine.inject(packet, version == 4 ? icmp4_error_ : icmp6_error_);
}

}  // namespace vnet::tunnel

template class vnet::tunnel::Underlay<vnet::ip4::Family>;
template class vnet::tunnel::Underlay<vnet::ip6::Family>;
