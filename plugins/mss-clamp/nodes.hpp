// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/mss-clamp/limits.hpp"

namespace mss_clamp {

/// Clamps the SYNs of IPv4 packets that come in by an interface, on the arc "ip4-unicast".
class Ip4Rx {
public:
    static constexpr auto info = graph::node("ip4-mss-clamp-rx");
    explicit Ip4Rx(const Limits& limits) : limits_(limits) {}
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const Limits& limits_;
};

/// Those that leave by an interface, on the arc "ip4-output".
class Ip4Tx {
public:
    static constexpr auto info = graph::node("ip4-mss-clamp-tx");
    explicit Ip4Tx(const Limits& limits) : limits_(limits) {}
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const Limits& limits_;
};

}  // namespace mss_clamp
