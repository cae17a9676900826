// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "vnet/fib/any_route.hpp"
#include "vnet/proto/events.pb.h"

namespace vnet::events {

/// A change of a route, as it is kept: there may be a million a second, and most of them nobody
/// asks for.
struct RouteChange {
    uint64_t time_ns = 0;
    fib::AnyRoute route;
    bool used = false;
    /// A sluice::EventChange.
    uint8_t change = sluice::EVENT_CHANGE_STATE;
};

/// An event that any thread may turn into a message. Cheap to copy.
class Item {
public:
    using Name = std::shared_ptr<const std::string>;

    /// One that is rare enough to be kept as a message.
    explicit Item(std::shared_ptr<const sluice::Event> event) : message_(std::move(event)) {}
    /// `number` is 0 where it tells the state; `where` is the name of the interface, VRF or group
    /// that the route leads to, and `vrf` that of the VRF that it is in.
    Item(uint64_t number, const RouteChange& route, Name where, Name vrf)
        : number_(number), route_(route), where_(std::move(where)), vrf_(std::move(vrf)) {}

    /// Fills an empty message.
    void write(sluice::Event& event) const;

private:
    /// Null for that of a route.
    std::shared_ptr<const sluice::Event> message_;
    uint64_t number_ = 0;
    RouteChange route_;
    Name where_;
    Name vrf_;
};

}  // namespace vnet::events
