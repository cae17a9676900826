// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::interface {

/// Sends packets out by Metadata::tx_interface: counts them, puts them on the arc
/// "interface-output", and, where no feature is on, straight to the transmit node of the interface.
class Output {
public:
    enum class Drop : graph::Edge { down };
    static constexpr auto info = graph::node<Drop>(
        "interface-output",
        {{Drop::down, "interface-down", "the interface to send by is down or gone"}});

    Output(Table& table, graph::ArcId arc) : table_(table), arc_(arc) {}
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    Table& table_;
    graph::ArcId arc_;
};

/// The end of the arc "interface-output": to the transmit node of the packet's interface.
class Transmit {
public:
    enum class Drop : graph::Edge { gone };
    static constexpr auto info = graph::node<Drop>(
        "interface-tx",
        {{Drop::gone, "interface-gone", "a feature sent it to an interface that is not there"}});
    explicit Transmit(const Table& table) : table_(table) {}
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet) const noexcept {
        const Index index = packet.meta().tx_interface;
        if (index >= graph::max_interfaces) [[unlikely]] {
            return Drop::gone;
        }
        return graph::Hop::node(table_.hot(index).tx_node.load(std::memory_order_relaxed));
    }

private:
    const Table& table_;
};

}  // namespace vnet::interface

extern template void graph::drive<vnet::interface::Output>(const void*, graph::Dispatch&,
                                                           graph::Frame&) noexcept;
