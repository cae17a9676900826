// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"

/// A node for each test plugin, by the plugin's name.
namespace plugins::host::testing {

/// Drops everything.
struct Sieve {
    enum class Drop : graph::Edge { caught };
    static constexpr auto info =
        graph::node<Drop>("good-sieve", {{Drop::caught, "caught", "the sieve caught the packet"}});
    graph::To<graph::NoNext, Drop> operator()(graph::Packet&) const noexcept {
        return Drop::caught;
    }
};

struct Leftover {
    static constexpr auto info = graph::node("leftover");
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
        return dispatch.next_feature(packet);
    }
};

/// Leads nowhere.
struct Lost {
    enum class Next : graph::Edge { away };
    static constexpr auto info = graph::node<Next>("lost", {{Next::away, "no-such-node"}});
    Next operator()(graph::Packet&) const noexcept { return Next::away; }
};

}  // namespace plugins::host::testing
