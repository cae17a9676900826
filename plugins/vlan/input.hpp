// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "plugins/vlan/tags.hpp"
#include "vnet/interface/table.hpp"

namespace vlan {

/// Takes in tagged frames (IEEE 802.1Q): those of a VLAN that an interface has lose the tag, become
/// that interface's and begin anew, on its arc "device-input". The tag's priority stays with the
/// packet. A frame that is only tagged for its priority (VLAN 0) stays its interface's.
class Input {
public:
    enum class Next : graph::Edge { ethernet };
    enum class Drop : graph::Edge { too_short, unknown_vlan, too_many_tags };
    static constexpr auto info = graph::node<Next, Drop>(
        "vlan-input", {{Next::ethernet, "ethernet-input"}},
        {{Drop::too_short, "too-short", "the frame ends within its tag"},
         {Drop::unknown_vlan, "unknown-vlan", "tagged with a VLAN that no interface has"},
         {Drop::too_many_tags, "too-many-tags", "two tags without a VLAN behind one another"}});

    /// `arc` is "device-input".
    Input(vnet::interface::Table& table, const Tags& tags, graph::ArcId arc)
        : table_(table), tags_(tags), arc_(arc) {}
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    class Run;

    vnet::interface::Table& table_;
    const Tags& tags_;
    graph::ArcId arc_;
};

}  // namespace vlan
