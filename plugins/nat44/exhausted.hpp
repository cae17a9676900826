// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "vnet/flow/key.hpp"
#include "vnet/flow/timers.hpp"

namespace nat44 {

/// What no port was free for in this tick, so that it is looked for once a tick and not for every
/// packet that is refused. It forgets what another one has the place of. One worker's own.
class Exhausted {
public:
    explicit Exhausted(uint64_t seed) noexcept : hasher_(seed) {}

    /// Answers by a key that stands for all ports that were tried.
    bool has(const vnet::flow::Key& key, vnet::flow::Tick now) const noexcept {
        const uint64_t hash = hasher_(key);
        const Place& place = places_[hash % places];
        return place.hash == hash && place.tick == now;
    }
    void note(const vnet::flow::Key& key, vnet::flow::Tick now) noexcept {
        const uint64_t hash = hasher_(key);
        places_[hash % places] = {hash, now};
    }

private:
    static constexpr size_t places = 1024;
    struct Place {
        uint64_t hash = 0;
        vnet::flow::Tick tick = 0;
    };
    vnet::flow::Hasher hasher_;
    std::array<Place, places> places_{};
};

}  // namespace nat44
