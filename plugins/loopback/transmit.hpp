// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/interface/table.hpp"

namespace loopback {

/// Where packets end that are sent by a loopback: nobody else is on it.
class Transmit {
public:
    enum class Drop : graph::Edge { group, nobody };
    static constexpr auto info = graph::node<Drop>(
        "loopback-tx",
        {{Drop::group, "group", "a broadcast or multicast by a loopback, where nobody else is"},
         {Drop::nobody, "nobody-there",
          "to a host in a loopback's network, where there is none but the router"}});

    explicit Transmit(const vnet::interface::Table& table) : table_(table) {}

    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const vnet::interface::Table& table_;
};

}  // namespace loopback
