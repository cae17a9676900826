// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/flow_states.hpp"

namespace qos {

vnet::meter::State* FlowStates::find(uint64_t key, const vnet::meter::Meter& meter,
                                     uint64_t now) noexcept {
    key = real(key);
    Set& set = set_of(key);
    for (Place& place : set.places) {
        if (place.key.load(std::memory_order_seq_cst) == key) [[likely]] {
            return &place.state;
        }
    }
    for (Place& place : set.places) {
        uint64_t before = place.key.load(std::memory_order_seq_cst);
        if ((before != 0 && !meter.is_idle(place.state, now)) ||
            !place.key.compare_exchange_strong(before, key, std::memory_order_seq_cst)) {
            continue;
        }
        // Another worker may have given the flow a place at the same time: both take the first.
        for (Place& other : set.places) {
            if (&other == &place) {
                return &place.state;
            }
            if (other.key.load(std::memory_order_seq_cst) == key) {
                place.key.store(0, std::memory_order_seq_cst);
                return &other.state;
            }
        }
    }
    return nullptr;
}

const vnet::meter::State* FlowStates::peek(uint64_t key) const noexcept {
    key = real(key);
    for (const Place& place : sets_[key & sets_mask_].places) {
        if (place.key.load(std::memory_order_acquire) == key) {
            return &place.state;
        }
    }
    return nullptr;
}

}  // namespace qos
