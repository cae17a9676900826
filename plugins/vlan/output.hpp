// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "graph/stable_array.hpp"
#include "plugins/vlan/tags.hpp"
#include "vnet/interface/table.hpp"

namespace vlan {

/// Sends what leaves by a VLAN's interface out by its parent, tagged, with the priority that the
/// packet has. What takes in the frames that no other does sends them as they are.
class Output {
public:
    enum class Next : graph::Edge { interface };
    enum class Drop : graph::Edge { gone, no_room };
    static constexpr auto info = graph::node<Next, Drop>(
        "vlan-output", {{Next::interface, "interface-output"}},
        {{Drop::gone, "vlan-gone", "the interface has no VLAN, or no longer"},
         {Drop::no_room, "no-room", "no room for a tag in front of the frame"}});

    explicit Output(const vnet::interface::Table& table)
        : table_(table), units_(graph::max_interfaces) {}

    /// Control: frames that leave by `interface` go to `parent` with the tag.
    void set(Index interface, Index parent, std::optional<Tag> tag) noexcept;
    /// Control: they are dropped from now on.
    void clear(Index interface) noexcept { units_[interface].store(0, std::memory_order_release); }

    graph::To<Next, Drop> operator()(graph::Packet& packet) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    /// The parent, and in the upper half the tag: type and control, or 0. 0: no VLAN.
    using Unit = uint64_t;
    static std::optional<Tag> tag_of(Unit unit) noexcept;

    const vnet::interface::Table& table_;
    graph::StableArray<std::atomic<Unit>> units_;
};

}  // namespace vlan
