// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>

#include "graph/driver.hpp"
#include "graph/stable_array.hpp"
#include "plugins/pg/recorder.hpp"
#include "vnet/interface/table.hpp"

namespace pg {

/// Interfaces of this kind that may be there at once.
inline constexpr unsigned max_units = 4096;

/// The end of a packet's way at an interface without a wire: it is recorded where that was asked
/// for, and freed. The interface has counted it by then.
class Tx {
public:
    enum class Drop : graph::Edge { down };
    static constexpr auto info = graph::node<Drop>(
        "pg-tx", {{Drop::down, "pg-down", "the interface is no packet generator's, or gone"}});

    explicit Tx(const vnet::interface::Table& table) : table_(table), units_(max_units) {}

    /// What workers know of one interface. Written by control.
    struct Unit {
        /// 0: there is none.
        std::atomic<vnet::interface::Index> interface;
        std::atomic<Recorder*> recorder;
    };
    Unit& unit(uint32_t number) noexcept { return units_[number]; }

    void operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept;
    /// The interface, and whether it records what is sent to it.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const vnet::interface::Table& table_;
    graph::StableArray<Unit> units_;
};

}  // namespace pg
