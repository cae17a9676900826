// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "vnet/ip4/fib.hpp"
#include "vnet/proto/events.pb.h"

namespace vnet::events {

/// A change of a route, as it is kept: there may be a million a second, and most of them nobody
/// asks for.
struct RouteRecord {
    uint64_t time_ns = 0;
    ip4::Fib::Match match{};
    bool used = false;
    sluice::EventChange change = sluice::EVENT_CHANGE_STATE;
    /// Of the interface when it happened.
    std::shared_ptr<const std::string> interface;
};

/// An event that any thread may turn into a message. Cheap to copy.
class Item {
public:
    /// One that is rare enough to be kept as a message.
    explicit Item(std::shared_ptr<const sluice::Event> event) : message_(std::move(event)) {}
    /// `number` is 0 where it tells the state.
    Item(uint64_t number, const RouteRecord& route) : number_(number), route_(route) {}

    /// Fills an empty message.
    void write(sluice::Event& event) const;

private:
    /// Null for that of a route.
    std::shared_ptr<const sluice::Event> message_;
    uint64_t number_ = 0;
    RouteRecord route_;
};

}  // namespace vnet::events
