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

sluice::Event address_event(const std::string& interface, const wire::Ip4Prefix& prefix) {
    sluice::Event event;
    event.mutable_address()->set_interface(interface);
    *event.mutable_address()->mutable_prefix() = service::to_api(prefix);
    return event;
}

sluice::Event next_hop_event(wire::Ip4Address address, const std::string& interface) {
    sluice::Event event;
    *event.mutable_next_hop()->mutable_address() = service::to_api(address);
    event.mutable_next_hop()->set_interface(interface);
    return event;
}

}  // namespace

Journal::Journal(graph::Control& control, interface::Table& interfaces, ip4::Addresses& addresses,
                 ip4::Fib& fib, neighbor::Table& neighbors, const Limits& limits)
    : interfaces_(interfaces),
      addresses_(addresses),
      fib_(fib),
      neighbors_(neighbors),
      // The time at which the daemon started tells it from all that ran here before.
      log_(now_ns(), [&control](std::function<void()> work) { control.post(std::move(work)); }),
      routes_(log_, limits.routes) {
    for (size_t i = 0; i < topics; ++i) {
        if (i != sluice::EVENT_TOPIC_ROUTE) {
            others_[i] = std::make_unique<Messages>(log_, limits.others);
        }
        states_[i] = [] { return std::vector<sluice::Event>(); };
    }
    observe_interfaces();
    observe_neighbors();
    observe_routes();
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

void Journal::note(const interface::Interface& interface, interface::Change change) {
    if (change == interface::Change::added) {
        names_[interface.index] = NamePtr(new Name(interface.name));
    } else if (change == interface::Change::removing) {
        names_.erase(interface.index);
    }
    sluice::Event event;
    *event.mutable_interface() = service::describe(interface, addresses_);
    publish(sluice::EVENT_TOPIC_INTERFACE,
            change == interface::Change::added      ? sluice::EVENT_CHANGE_ADDED
            : change == interface::Change::removing ? sluice::EVENT_CHANGE_REMOVED
                                                    : sluice::EVENT_CHANGE_CHANGED,
            std::move(event));
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
            *all.emplace_back().mutable_interface() = service::describe(interface, addresses_);
        }
        return all;
    };
    addresses_.observe([this](interface::Index index, const wire::Ip4Prefix& prefix, bool added) {
        publish(sluice::EVENT_TOPIC_ADDRESS,
                added ? sluice::EVENT_CHANGE_ADDED : sluice::EVENT_CHANGE_REMOVED,
                address_event(interfaces_.name_of(index), prefix));
    });
    states_[sluice::EVENT_TOPIC_ADDRESS] = [this] {
        std::vector<sluice::Event> all;
        for (const auto& [index, prefixes] : addresses_.all()) {
            for (const wire::Ip4Prefix& prefix : prefixes) {
                all.push_back(address_event(interfaces_.name_of(index), prefix));
            }
        }
        return all;
    };
}

void Journal::observe_neighbors() {
    const auto describe = [this](const neighbor::Table::Neighbor& neighbor) {
        sluice::Event event;
        *event.mutable_neighbor() =
            service::describe(neighbor, interfaces_.name_of(neighbor.interface));
        return event;
    };
    neighbors_.observe([this, describe](const neighbor::Table::Neighbor& neighbor,
                                        neighbor::Table::Change change) {
        publish(sluice::EVENT_TOPIC_NEIGHBOR, to_api(change), describe(neighbor));
    });
    states_[sluice::EVENT_TOPIC_NEIGHBOR] = [this, describe] {
        std::vector<sluice::Event> all;
        for (const neighbor::Table::Neighbor& neighbor : neighbors_.list()) {
            if (neighbor.state != neighbor::State::incomplete) {
                all.push_back(describe(neighbor));
            }
        }
        return all;
    };
}

void Journal::observe_routes() {
    fib_.observe([this](const ip4::Fib::Match& match, bool used, ip4::Fib::Change change) {
        routes_.push({{now_ns(), match, used, uint8_t(to_api(change))}, name_of(match.interface)});
    });
    fib_.observe_next_hops([this](wire::Ip4Address address, interface::Index interface) {
        publish(sluice::EVENT_TOPIC_NEXT_HOP, sluice::EVENT_CHANGE_CHANGED,
                next_hop_event(address, *name_of(interface)->text));
    });
    states_[sluice::EVENT_TOPIC_NEXT_HOP] = [this] {
        std::vector<sluice::Event> all;
        fib_.visit_next_hops([&](wire::Ip4Address address, interface::Index interface) {
            all.push_back(next_hop_event(address, *name_of(interface)->text));
        });
        return all;
    };
}

const Journal::NamePtr& Journal::name_of(interface::Index index) const {
    const auto found = names_.find(index);
    return found == names_.end() ? no_name_ : found->second;
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
        return {routes_.number(place), record.change, record.interface->text};
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

std::optional<wire::Ip4Prefix> Journal::route_state(const std::optional<wire::Ip4Prefix>& after,
                                                    size_t most, std::vector<Item>& items) const {
    std::optional<wire::Ip4Prefix> last;
    bool more = false;
    fib_.visit(after, [&](const ip4::Fib::Match& match, bool used) {
        // The used one is the first of its prefix.
        if (used && items.size() >= most) {
            more = true;
            return false;
        }
        last = match.prefix;
        items.emplace_back(0, RouteChange{0, match, used, sluice::EVENT_CHANGE_STATE},
                           name_of(match.interface)->text);
        return true;
    });
    return more ? last : std::nullopt;
}

graph::MemoryUse Journal::memory() const noexcept {
    return {routes_.bytes(), routes_.bytes()};
}

}  // namespace vnet::events
