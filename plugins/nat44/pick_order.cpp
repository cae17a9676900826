// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/pick_order.hpp"

#include <algorithm>

namespace nat44 {
namespace {

bool is_empty(const OutsideAddress& place) noexcept {
    return place.address.is_unspecified();
}

/// Mixes 64 bits well enough that any of them may be used.
uint64_t mix(uint64_t value) noexcept {
    value = (value ^ value >> 32) * 0x9e37'79b9'7f4a'7c15;
    value = (value ^ value >> 29) * 0xbf58'476d'1ce4'e5b9;
    return value ^ value >> 32;
}

/// One of so many places. With one place more, only what the new one gets is moved: each number
/// drawn says at which number of places the host moves next, and to the last of them.
size_t jump(uint64_t draws, size_t places) noexcept {
    size_t at = 0;
    for (size_t next = 0; next < places;) {
        at = next;
        draws = draws * 6364136223846793005 + 1442695040888963407;
        next = ((at + 1) << 31) / ((draws >> 33) + 1);
    }
    return at;
}

}  // namespace

void PickOrder::add(std::span<const OutsideAddress> addresses) {
    taken_ += addresses.size();
    for (OutsideAddress& place : places_) {
        if (addresses.empty()) {
            return;
        }
        if (is_empty(place)) {
            place = addresses.front();
            addresses = addresses.subspan(1);
        }
    }
    places_.insert(places_.end(), addresses.begin(), addresses.end());
}

void PickOrder::remove(const AddressRange& range) {
    for (OutsideAddress& place : places_) {
        if (!is_empty(place) && range.contains(place.address)) {
            place = {};
            --taken_;
        }
    }
    if (taken_ < places_.size() / 2) {
        std::erase_if(places_, is_empty);
    }
    while (!places_.empty() && is_empty(places_.back())) {
        places_.pop_back();
    }
}

const OutsideAddress* PickOrder::pick(uint64_t host) const noexcept {
    if (places_.empty()) {
        return nullptr;
    }
    size_t at = 0;
    // At least half of the places are taken: one host in 65536 finds none by so many draws.
    for (unsigned draws = 0; draws < 16; ++draws) {
        host = mix(host + 1);
        at = jump(host, places_.size());
        if (!is_empty(places_[at])) {
            return &places_[at];
        }
    }
    while (is_empty(places_[at])) {
        ++at;
    }
    return &places_[at];
}

}  // namespace nat44
