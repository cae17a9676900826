// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/link_locals.hpp"

#include <algorithm>

namespace vnet::ip6 {

LinkLocals::LinkLocals(interface::Table& interfaces, Addresses& addresses)
    : interfaces_(interfaces), addresses_(addresses) {
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::removing) {
            set_.erase(interface.index);
            automatic_.erase(interface.index);
        } else if (change == interface::Change::mac) {
            look_again(interface.index);
        } else if (change == interface::Change::vrf) {
            note_sources();
        }
    });
    addresses_.observe([this](interface::Index interface, const wire::Ip6Prefix&, bool) {
        if (!changing_) {
            look_again(interface);
        }
    });
    addresses_.observe_use(
        [this](interface::Index, const wire::Ip6Prefix&, bool) { note_sources(); });
}

bool LinkLocals::is_automatic(interface::Index interface, wire::Ip6Address address) const {
    const auto found = automatic_.find(interface);
    return found != automatic_.end() && found->second.address() == address;
}

bool LinkLocals::is_enabled(interface::Index interface) const {
    return !addresses_.of(interface).empty();
}

absl::Status LinkLocals::set_enabled(const std::string& name, bool enabled) {
    const auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const interface::Index index = (*interface)->index;
    enabled ? void(set_.insert(index)) : void(set_.erase(index));
    look_again(index);
    return absl::OkStatus();
}

/// Gives or takes the automatic address, as what else there is asks for it.
void LinkLocals::look_again(interface::Index index) {
    const interface::Interface* interface = interfaces_.get(index);
    if (interface == nullptr) {
        return;
    }
    const auto held = automatic_.find(index);
    bool has_others = false;
    bool has_own = false;
    for (const wire::Ip6Prefix& prefix : addresses_.of(index)) {
        if (is_automatic(index, prefix.address())) {
            continue;
        }
        has_others = true;
        has_own |= prefix.address().is_link_local();
    }
    const bool wanted = (has_others || set_.contains(index)) && !has_own;
    const wire::Ip6Prefix right(wire::Ip6Address::link_local(wire::interface_id(interface->mac)),
                                64);
    changing_ = true;
    if (held != automatic_.end() && (!wanted || held->second != right)) {
        const wire::Ip6Prefix gone = held->second;
        automatic_.erase(held);
        (void)addresses_.remove(interface->name, gone);
    }
    if (wanted && !automatic_.contains(index)) {
        automatic_[index] = right;
        // Refused where the operator gave it as part of another network; that one is used then.
        if (!addresses_.add(interface->name, right, fib::Origin::learned).ok()) {
            automatic_.erase(index);
        }
    }
    changing_ = false;
    auto& flags = interfaces_.hot(index).flags;
    is_enabled(index) ? flags.fetch_or(interface::flag::ip6, std::memory_order_relaxed)
                      : flags.fetch_and(uint16_t(~interface::flag::ip6), std::memory_order_relaxed);
}

wire::Ip6Address LinkLocals::global_of(interface::Index interface) const {
    for (const wire::Ip6Prefix& prefix : addresses_.of(interface)) {
        if (!prefix.address().is_link_local() &&
            !addresses_.is_tentative(interface, prefix.address())) {
            return prefix.address();
        }
    }
    return {};
}

void LinkLocals::note_sources() {
    std::map<interface::Vrf, wire::Ip6Address> any;
    for (const auto& [index, prefixes] : addresses_.all()) {
        if (const auto address = global_of(index); !address.is_unspecified()) {
            any.try_emplace(interfaces_.vrf_of(index), address);
        }
    }
    for (const auto& [index, interface] : interfaces_.all()) {
        const wire::Ip6Address own = global_of(index);
        interface::Hot& hot = interfaces_.hot(index);
        const wire::Ip6Address source = own.is_unspecified() ? any[interface.vrf] : own;
        if (hot.ip6_source.load() != source) {
            hot.ip6_source.store(source);
        }
        uint64_t id = 0;
        for (const wire::Ip6Prefix& prefix : addresses_.of(index)) {
            if (id == 0 && prefix.address().is_link_local() &&
                !addresses_.is_tentative(index, prefix.address())) {
                id = prefix.address().low();
            }
        }
        hot.ip6_interface_id.store(id, std::memory_order_relaxed);
    }
}

}  // namespace vnet::ip6
