// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/taken_back.hpp"

#include <algorithm>

namespace nat44 {

using vnet::flow::Key;
using vnet::flow::Session;

void TakenBack::add(const AddressRange& range, Vrf outside_vrf) {
    for (uint64_t i = 0; i < range.size(); ++i) {
        addresses_[Ip4Address(uint32_t(range.first.value() + i))].of_pool = outside_vrf;
    }
}

void TakenBack::remove(const AddressRange& range) {
    for (uint64_t i = 0; i < range.size(); ++i) {
        const auto found = addresses_.find(Ip4Address(uint32_t(range.first.value() + i)));
        found->second.of_pool.reset();
        if (found->second.targets.empty()) {
            addresses_.erase(found);
        }
    }
}

void TakenBack::add(const StaticMapping& mapping, const Target& target, uint64_t pass) {
    const Led led = mapping.is_one_to_one()
                        ? Led{0, 0, target.address, 0}
                        : Led{mapping.port, mapping.protocol, target.address, target.port};
    auto& all = addresses_[mapping.outside].targets[led];
    const auto same = std::find_if(all.begin(), all.end(), [&](const Gone& gone) {
        return gone.outside_vrf == mapping.outside_vrf && gone.inside_vrf == mapping.inside_vrf;
    });
    if (same != all.end()) {
        same->pass = pass;
        return;
    }
    all.push_back({mapping.outside_vrf, mapping.inside_vrf, pass});
    ++targets_;
}

void TakenBack::forget(uint64_t pass) {
    if (targets_ == 0) {
        return;
    }
    absl::erase_if(addresses_, [&](auto& entry) {
        Address& address = entry.second;
        absl::erase_if(address.targets, [&](auto& of_target) {
            targets_ -= std::erase_if(of_target.second,
                                      [pass](const Gone& gone) { return gone.pass <= pass; });
            return of_target.second.empty();
        });
        return !address.of_pool && address.targets.empty();
    });
}

bool TakenBack::is_gone(const Address& address, const Key& to_outside, const Key& from_target,
                        std::optional<Vrf> outside_vrf, IsLed is_led) const {
    const auto is_by = [&](const Led& led) {
        const auto found = address.targets.find(led);
        return found != address.targets.end() &&
               std::any_of(found->second.begin(), found->second.end(), [&](const Gone& gone) {
                   return outside_vrf.value_or(gone.outside_vrf) == gone.outside_vrf &&
                          from_target.vrf == gone.inside_vrf &&
                          !is_led(gone.outside_vrf, to_outside, from_target);
               });
    };
    return !address.targets.empty() && (is_by({to_outside.ports.destination(), to_outside.protocol,
                                               from_target.source, from_target.ports.source()}) ||
                                        is_by({0, 0, from_target.source, 0}));
}

bool TakenBack::has_end(const Key& to_outside, const Key& from_target, IsLed is_led) const {
    // Its keys are of VRFs inside: any one outside may have been meant.
    const auto found = addresses_.find(to_outside.destination);
    return found != addresses_.end() &&
           (found->second.of_pool || is_gone(found->second, to_outside, from_target, {}, is_led));
}

bool TakenBack::has(const Session& session, IsLed is_led) const {
    if ((session.flags & session_flag::hairpin) != 0) {
        // Either of the two may have it.
        return has_end(session.forward, session.reverse, is_led) ||
               has_end(session.reverse, session.forward, is_led);
    }
    const Key& outside = outside_key(session);
    const auto found = addresses_.find(outside.destination);
    if (found == addresses_.end()) {
        return false;
    }
    return (session.flags & session_flag::fixed) == 0
               ? found->second.of_pool == outside.vrf
               : is_gone(found->second, outside, inside_key(session), outside.vrf, is_led);
}

}  // namespace nat44
