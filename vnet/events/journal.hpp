// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/events/log.hpp"
#include "api/events/ring.hpp"
#include "graph/control.hpp"
#include "vnet/events/item.hpp"
#include "vnet/ip6/link_locals.hpp"
#include "vnet/neighbor/arp.hpp"
#include "vnet/neighbor/nd.hpp"
#include "vnet/network.hpp"
#include "vnet/vrf/vrfs.hpp"

namespace vnet::events {

/// What changed in the router lately, by topic, and how it is now. It observes the parts whose
/// state it tells of, so that every cause is seen. Owned by the Router; control thread.
class Journal {
public:
    /// How many events are kept, each a power of two. All routes of the Internet may come or go
    /// while a client is busy with something else.
    struct Limits {
        size_t routes = 1'048'576;
        /// Of each other topic.
        size_t others = 16'384;
    };
    static constexpr size_t topics = sluice::EventTopic_ARRAYSIZE;

    /// Begins to observe. All must outlive it but for their last moments, when they change no more.
    struct Parts {
        graph::Control& control;
        interface::Table& interfaces;
        Network<ip4::Family, neighbor::Arp>& ip4;
        Network<ip6::Family, neighbor::Nd>& ip6;
        ip6::LinkLocals& link_locals;
        vrf::Vrfs& vrfs;
    };
    Journal(const Parts& parts, const Limits& limits);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    /// Adds an event to a topic that is not ROUTE; `event` has its body.
    void publish(sluice::EventTopic topic, sluice::EventChange change, sluice::Event event);
    /// Who tells what there is of a topic that the journal does not observe itself: bodies only.
    void set_state(sluice::EventTopic topic, std::function<std::vector<sluice::Event>()> state);

    /// How it is with something bounded: an event of the topic RESOURCE, where its state is another
    /// one than it was. What is not normal is kept as the topic's state.
    void report(sluice::Resource resource);
    /// The owner is gone, and all that it had.
    void forget_resources(const std::string& owner);

    api::events::Log& log() noexcept { return log_; }
    const api::events::Log& log() const noexcept { return log_; }
    const api::events::Topic& topic(sluice::EventTopic topic) const;
    /// The event at a place of a topic.
    Item item(sluice::EventTopic topic, size_t place) const;
    /// Where the route of the event at a place stands among all.
    const fib::RoutePlace& route_place(size_t place) const {
        return routes_.record(place).change.route.place;
    }
    size_t most_routes() const noexcept { return routes_.capacity(); }

    /// All that there is of a topic that is not ROUTE.
    std::vector<Item> state(sluice::EventTopic topic) const;
    /// The routes behind one, in order, until there are `most` or a few more: all of a prefix come
    /// together. Where the last one stands; nothing where there are no more.
    std::optional<fib::RoutePlace> route_state(const std::optional<fib::RoutePlace>& after,
                                               size_t most, std::vector<Item>& items) const;
    /// Of the route events that are kept.
    graph::MemoryUse memory() const noexcept;

private:
    /// The name of an interface or a VRF, counted by the control thread alone.
    struct Name : boost::intrusive_ref_counter<Name, boost::thread_unsafe_counter> {
        explicit Name(std::string name)
            : text(std::make_shared<const std::string>(std::move(name))) {}
        const Item::Name text;
    };
    using NamePtr = boost::intrusive_ptr<const Name>;
    struct RouteRecord {
        RouteChange change;
        /// What the interface, VRF or group that it leads to was called then, and the VRF that it
        /// is in.
        NamePtr where;
        NamePtr vrf;
    };
    using Messages = api::events::Ring<std::shared_ptr<const sluice::Event>>;

    void observe_interfaces();
    /// Addresses, neighbours and routes of one family.
    template <class Family, class Neighbors>
    void observe(Network<Family, Neighbors>& network);
    template <class Family, class Neighbors>
    void add_addresses(const Network<Family, Neighbors>& network,
                       std::vector<sluice::Event>& all) const;
    template <class Family, class Neighbors>
    void add_neighbors(const Network<Family, Neighbors>& network,
                       std::vector<sluice::Event>& all) const;
    template <class Family, class Neighbors>
    void add_next_hops(const Network<Family, Neighbors>& network,
                       std::vector<sluice::Event>& all) const;
    /// A member of a next-hop group.
    template <class Family>
    sluice::Event describe(const fib::Groups<Family>& groups, const std::string& group,
                           const fib::Member<typename Family::Address>& member) const;
    sluice::Event event_of(const interface::Interface& interface) const;
    void note(const interface::Interface& interface, interface::Change change);
    /// Of an interface that routes lead through.
    const NamePtr& name_of(interface::Index index) const;
    static const NamePtr& keep(NamePtr& known, const std::string& name);
    const NamePtr& name_of_vrf(interface::Vrf vrf) const;
    const NamePtr& where(const fib::AnyRoute& route) const;

    interface::Table& interfaces_;
    Network<ip4::Family, neighbor::Arp>& ip4_;
    Network<ip6::Family, neighbor::Nd>& ip6_;
    ip6::LinkLocals& link_locals_;
    vrf::Vrfs& vrfs_;
    api::events::Log log_;
    api::events::Ring<RouteRecord> routes_;
    /// By topic; that of ROUTE is null.
    std::array<std::unique_ptr<Messages>, topics> others_;
    std::array<std::function<std::vector<sluice::Event>()>, topics> states_;
    /// Those that are not normal, by owner, name, and what they are.
    std::map<std::tuple<std::string, std::string, std::string>, sluice::Resource> resources_;
    const NamePtr no_name_{new Name("-")};
    /// Shared by all route events of an interface.
    absl::flat_hash_map<interface::Index, NamePtr> names_;
    /// Shared by all route events of a VRF; made when it is first asked for.
    mutable std::array<NamePtr, interface::most_vrfs> vrf_names_;
    /// The same of groups; found when they are needed.
    mutable absl::flat_hash_map<fib::GroupIndex, NamePtr> group_names_;
};

}  // namespace vnet::events
