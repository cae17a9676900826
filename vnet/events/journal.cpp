// SPDX-License-Identifier: Apache-2.0
#include "vnet/events/journal.hpp"

#include <chrono>

#include "vnet/service/convert.hpp"
#include "vnet/service/describe.hpp"

namespace vnet::events {

namespace {

uint64_t now_ns() {
    return uint64_t(
        std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
}

/// The enums of the parts say the same in the same order.
template <class Change>
sluice::EventChange to_api(Change change) {
    switch (change) {
        case Change::added:
            return sluice::EVENT_CHANGE_ADDED;
        case Change::changed:
            return sluice::EVENT_CHANGE_CHANGED;
        case Change::removed:
            break;
    }
    return sluice::EVENT_CHANGE_REMOVED;
}

template <class Prefix>
sluice::Event address_event(const std::string& interface, const Prefix& prefix) {
    sluice::Event event;
    event.mutable_address()->set_interface(interface);
    *event.mutable_address()->mutable_prefix() = service::ip_to_api(prefix);
    return event;
}

template <class Address>
sluice::Event next_hop_event(Address address, const std::string& interface,
                             const std::string& vrf) {
    sluice::Event event;
    *event.mutable_next_hop()->mutable_address() = service::ip_to_api(address);
    event.mutable_next_hop()->set_interface(interface);
    event.mutable_next_hop()->set_vrf(vrf);
    return event;
}

template <class Address>
sluice::Event member_event(const std::string& group, const fib::Member<Address>& member,
                           const std::string& interface, const std::string& vrf) {
    sluice::Event event = next_hop_event(member.next_hop, interface, vrf);
    event.mutable_next_hop()->set_group(group);
    event.mutable_next_hop()->set_state(std::string(fib::name(member.state)));
    return event;
}

}  // namespace

Journal::Journal(const Parts& parts, const Limits& limits)
    : interfaces_(parts.interfaces),
      ip4_(parts.ip4),
      ip6_(parts.ip6),
      link_locals_(parts.link_locals),
      vrfs_(parts.vrfs),
      // The time at which the daemon started tells it from all that ran here before.
      log_(now_ns(), [&control = parts.control](
                         std::function<void()> work) { control.post(std::move(work)); }),
      routes_(log_, limits.routes) {
    for (size_t i = 0; i < topics; ++i) {
        if (i != sluice::EVENT_TOPIC_ROUTE) {
            others_[i] = std::make_unique<Messages>(log_, limits.others);
        }
        states_[i] = [] { return std::vector<sluice::Event>(); };
    }
    observe_interfaces();
    observe(ip4_);
    observe(ip6_);
    states_[sluice::EVENT_TOPIC_ADDRESS] = [this] {
        std::vector<sluice::Event> all;
        add_addresses(ip4_, all);
        add_addresses(ip6_, all);
        return all;
    };
    states_[sluice::EVENT_TOPIC_NEIGHBOR] = [this] {
        std::vector<sluice::Event> all;
        add_neighbors(ip4_, all);
        add_neighbors(ip6_, all);
        return all;
    };
    states_[sluice::EVENT_TOPIC_NEXT_HOP] = [this] {
        std::vector<sluice::Event> all;
        add_next_hops(ip4_, all);
        add_next_hops(ip6_, all);
        return all;
    };
    states_[sluice::EVENT_TOPIC_RESOURCE] = [this] {
        std::vector<sluice::Event> all;
        for (const auto& [key, resource] : resources_) {
            *all.emplace_back().mutable_resource() = resource;
        }
        return all;
    };
}

void Journal::publish(sluice::EventTopic topic, sluice::EventChange change, sluice::Event event) {
    event.set_sequence(log_.position().number + 1);
    event.set_time_ns(now_ns());
    event.set_change(change);
    others_[topic]->push(std::make_shared<const sluice::Event>(std::move(event)));
}

void Journal::set_state(sluice::EventTopic topic,
                        std::function<std::vector<sluice::Event>()> state) {
    states_[topic] = std::move(state);
}

void Journal::report(sluice::Resource resource) {
    const std::tuple key(resource.owner(), resource.name(), resource.what());
    const auto before = resources_.find(key);
    const bool is_normal = resource.state() == sluice::RESOURCE_STATE_NORMAL;
    const auto state_before =
        before == resources_.end() ? sluice::RESOURCE_STATE_NORMAL : before->second.state();
    if (resource.state() == state_before) {
        if (!is_normal) {
            before->second = std::move(resource);
        }
        return;
    }
    sluice::Event event;
    *event.mutable_resource() = resource;
    publish(sluice::EVENT_TOPIC_RESOURCE,
            is_normal                    ? sluice::EVENT_CHANGE_REMOVED
            : before == resources_.end() ? sluice::EVENT_CHANGE_ADDED
                                         : sluice::EVENT_CHANGE_CHANGED,
            std::move(event));
    if (is_normal) {
        resources_.erase(before);
    } else {
        resources_[key] = std::move(resource);
    }
}

void Journal::forget_resources(const std::string& owner) {
    for (auto at = resources_.begin(); at != resources_.end();) {
        if (std::get<0>(at->first) != owner) {
            ++at;
            continue;
        }
        sluice::Event event;
        *event.mutable_resource() = std::move(at->second);
        at = resources_.erase(at);
        publish(sluice::EVENT_TOPIC_RESOURCE, sluice::EVENT_CHANGE_REMOVED, std::move(event));
    }
}

void Journal::note(const interface::Interface& interface, interface::Change change) {
    if (change == interface::Change::going_down) {
        // Nothing is other than it was yet.
        return;
    }
    if (change == interface::Change::added) {
        names_[interface.index] = NamePtr(new Name(interface.name));
    } else if (change == interface::Change::removing) {
        names_.erase(interface.index);
    }
    publish(sluice::EVENT_TOPIC_INTERFACE,
            change == interface::Change::added      ? sluice::EVENT_CHANGE_ADDED
            : change == interface::Change::removing ? sluice::EVENT_CHANGE_REMOVED
                                                    : sluice::EVENT_CHANGE_CHANGED,
            event_of(interface));
}

sluice::Event Journal::event_of(const interface::Interface& interface) const {
    sluice::Event event;
    *event.mutable_interface() = service::describe(interface, *ip4_.addresses, *ip6_.addresses,
                                                   link_locals_, vrfs_.name_of(interface.vrf));
    return event;
}

void Journal::observe_interfaces() {
    for (const auto& [index, interface] : interfaces_.all()) {
        names_[index] = NamePtr(new Name(interface.name));
    }
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        note(interface, change);
    });
    states_[sluice::EVENT_TOPIC_INTERFACE] = [this] {
        std::vector<sluice::Event> all;
        for (const auto& [index, interface] : interfaces_.all()) {
            all.push_back(event_of(interface));
        }
        return all;
    };
}

template <class Family, class Neighbors>
void Journal::observe(Network<Family, Neighbors>& network) {
    using Address = typename Family::Address;
    using Fib = fib::Fib<Family>;
    network.addresses->observe(
        [this](interface::Index index, const typename Family::Prefix& prefix, bool added) {
            publish(sluice::EVENT_TOPIC_ADDRESS,
                    added ? sluice::EVENT_CHANGE_ADDED : sluice::EVENT_CHANGE_REMOVED,
                    address_event(interfaces_.name_of(index), prefix));
        });
    network.neighbors->observe(
        [this](const neighbor::Neighbor<Address>& neighbor, neighbor::Change change) {
            sluice::Event event;
            *event.mutable_neighbor() =
                service::describe(neighbor, interfaces_.name_of(neighbor.interface));
            publish(sluice::EVENT_TOPIC_NEIGHBOR, to_api(change), std::move(event));
        });
    network.fibs->observe([this](interface::Vrf vrf, const typename Fib::Match& match, bool used,
                                 typename Fib::Change change) {
        const fib::AnyRoute route(vrf, match);
        routes_.push(
            {{now_ns(), route, used, uint8_t(to_api(change))}, where(route), name_of_vrf(vrf)});
    });
    network.groups->observe([this, &groups = *network.groups](const std::string& group,
                                                              const fib::Member<Address>& member,
                                                              auto change) {
        publish(sluice::EVENT_TOPIC_NEXT_HOP, to_api(change), describe(groups, group, member));
    });
    network.fibs->observe_next_hops(
        [this](interface::Vrf vrf, Address address, interface::Index interface) {
            publish(sluice::EVENT_TOPIC_NEXT_HOP, sluice::EVENT_CHANGE_CHANGED,
                    next_hop_event(address, *name_of(interface)->text, *name_of_vrf(vrf)->text));
        });
}

template <class Family, class Neighbors>
void Journal::add_addresses(const Network<Family, Neighbors>& network,
                            std::vector<sluice::Event>& all) const {
    for (const auto& [index, prefixes] : network.addresses->all()) {
        for (const auto& prefix : prefixes) {
            all.push_back(address_event(interfaces_.name_of(index), prefix));
        }
    }
}

template <class Family, class Neighbors>
void Journal::add_neighbors(const Network<Family, Neighbors>& network,
                            std::vector<sluice::Event>& all) const {
    for (const auto& neighbor : network.neighbors->list()) {
        if (neighbor.state != neighbor::State::incomplete) {
            *all.emplace_back().mutable_neighbor() =
                service::describe(neighbor, interfaces_.name_of(neighbor.interface));
        }
    }
}

template <class Family, class Neighbors>
void Journal::add_next_hops(const Network<Family, Neighbors>& network,
                            std::vector<sluice::Event>& all) const {
    network.fibs->visit([&](const fib::Fib<Family>& fib) {
        fib.visit_next_hops([&](typename Family::Address address, interface::Index interface) {
            all.push_back(
                next_hop_event(address, *name_of(interface)->text, *name_of_vrf(fib.vrf())->text));
        });
        return true;
    });
    for (const std::string& group : network.groups->names()) {
        for (const auto& member : network.groups->members(group)) {
            all.push_back(describe(*network.groups, group, member));
        }
    }
}

template <class Family>
sluice::Event Journal::describe(const fib::Groups<Family>& groups, const std::string& group,
                                const fib::Member<typename Family::Address>& member) const {
    return member_event(group, member, *name_of(member.place)->text,
                        *name_of_vrf(groups.vrf_of(group, member.interface))->text);
}

const Journal::NamePtr& Journal::name_of(interface::Index index) const {
    const auto found = names_.find(index);
    return found == names_.end() ? no_name_ : found->second;
}

/// What a number is called, in the place that is kept for it: it may serve another by now.
const Journal::NamePtr& Journal::keep(NamePtr& known, const std::string& name) {
    if (known == nullptr || *known->text != name) {
        known = NamePtr(new Name(name));
    }
    return known;
}

const Journal::NamePtr& Journal::name_of_vrf(interface::Vrf vrf) const {
    return keep(vrf_names_[vrf], vrfs_.name_of(vrf));
}

const Journal::NamePtr& Journal::where(const fib::AnyRoute& route) const {
    if (route.kind == fib::ViaKind::vrf) {
        return name_of_vrf(route.to_vrf);
    }
    if (route.kind == fib::ViaKind::group) {
        return keep(group_names_[route.group], route.place.is_ip6
                                                   ? ip6_.groups->name_of(route.group)
                                                   : ip4_.groups->name_of(route.group));
    }
    return name_of(route.interface);
}

const api::events::Topic& Journal::topic(sluice::EventTopic topic) const {
    if (topic == sluice::EVENT_TOPIC_ROUTE) {
        return routes_;
    }
    return *others_[topic];
}

Item Journal::item(sluice::EventTopic topic, size_t place) const {
    if (topic == sluice::EVENT_TOPIC_ROUTE) {
        const RouteRecord& record = routes_.record(place);
        return {routes_.number(place), record.change, record.where->text, record.vrf->text};
    }
    return Item(others_[topic]->record(place));
}

std::vector<Item> Journal::state(sluice::EventTopic topic) const {
    std::vector<Item> items;
    for (sluice::Event& event : states_[topic]()) {
        items.emplace_back(std::make_shared<const sluice::Event>(std::move(event)));
    }
    return items;
}

std::optional<fib::RoutePlace> Journal::route_state(const std::optional<fib::RoutePlace>& after,
                                                    size_t most, std::vector<Item>& items) const {
    std::optional<fib::RoutePlace> last = after;
    const auto take = [&](const fib::AnyRoute& route, bool used) {
        // The used one is the first of its prefix.
        if (used && items.size() >= most) {
            return false;
        }
        last = route.place;
        items.emplace_back(0, RouteChange{0, route, used, sluice::EVENT_CHANGE_STATE},
                           where(route)->text, name_of_vrf(route.place.vrf)->text);
        return true;
    };
    return fib::visit_routes(*ip4_.fibs, *ip6_.fibs, after, take) ? std::nullopt : last;
}

graph::MemoryUse Journal::memory() const noexcept {
    return {routes_.bytes(), routes_.bytes()};
}

}  // namespace vnet::events
