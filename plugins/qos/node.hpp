// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>

#include "graph/driver.hpp"
#include "graph/stable_array.hpp"
#include "plugins/qos/stage.hpp"
#include "vnet/fragment/family.hpp"

namespace qos {

using vnet::interface::Index;

/// What differs between the address families: names, and where a header has its DSCP.
struct Ip4 : vnet::classify::Ip4 {
    using Rules = vnet::classify::Ip4;
    using Fragment = vnet::fragment::Ip4;
    static constexpr const char* input_node = "ip4-qos-input";
    static constexpr const char* output_node = "ip4-qos-output";
    static constexpr const char* input_arc = "ip4-unicast";
    static constexpr const char* output_arc = "ip4-output";
    static constexpr const char* ports_node = "ip4-virtual-reassembly";
    /// Sets it, and the checksum with it (RFC 1624). ECN stays (RFC 3168 5).
    static void set_dscp(Header& ip, uint8_t dscp) noexcept;
};
struct Ip6 : vnet::classify::Ip6 {
    using Rules = vnet::classify::Ip6;
    using Fragment = vnet::fragment::Ip6;
    static constexpr const char* input_node = "ip6-qos-input";
    static constexpr const char* output_node = "ip6-qos-output";
    static constexpr const char* input_arc = "ip6-unicast";
    static constexpr const char* output_arc = "ip6-output";
    static constexpr const char* ports_node = "ip6-virtual-reassembly";
    static void set_dscp(Header& ip, uint8_t dscp) noexcept { ip.set_dscp(dscp); }
};

/// Which packets of an interface.
enum class Side : uint8_t { input, output };

/// Why a policer drops.
enum class Drop : graph::Edge { conform, exceed, violate };

/// A feature of the arc of unicast packets, or of that of output: does what the packet's interface
/// has a Stage for. In this order: class by what is trusted, rules, DSCP and priority by class,
/// policers of rules, policer of the interface.
template <class Family, Side side>
class Node {
public:
    static constexpr auto info = graph::node<Drop>(
        side == Side::input ? Family::input_node : Family::output_node,
        {{Drop::conform, "policer-conform", "a policer drops what conforms to its rate"},
         {Drop::exceed, "policer-exceed", "a policer drops what exceeds its rate"},
         {Drop::violate, "policer-violate", "a policer drops what violates its rate"}});
    static constexpr const char* arc = side == Side::input ? Family::input_arc : Family::output_arc;
    using StageOf = Stage<typename Family::Rules>;

    /// `seed`: a number that nobody knows.
    Node(vnet::fragment::PortsSlot ports, uint64_t seed)
        : ports_(ports), seed_(seed), stages_(graph::max_interfaces) {}

    /// Control: what an interface does from now on; null for nothing. Workers may use the one
    /// before until the next grace period has passed.
    void set(Index interface, const StageOf* stage) noexcept {
        stages_[interface].store(stage, std::memory_order_release);
    }

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    /// The packet's class, colour, mark and DSCP now.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    class Run;

    const StageOf* stage_of(Index interface) const noexcept {
        return interface < graph::max_interfaces
                   ? stages_[interface].load(std::memory_order_acquire)
                   : nullptr;
    }
    static Index interface_of(const graph::Packet& packet) noexcept {
        return side == Side::input ? packet.meta().rx_interface : packet.meta().tx_interface;
    }

    const vnet::fragment::PortsSlot ports_;
    const uint64_t seed_;
    graph::StableArray<std::atomic<const StageOf*>> stages_;
};

using Ip4Input = Node<Ip4, Side::input>;
using Ip4Output = Node<Ip4, Side::output>;
using Ip6Input = Node<Ip6, Side::input>;
using Ip6Output = Node<Ip6, Side::output>;
extern template class Node<Ip4, Side::input>;
extern template class Node<Ip4, Side::output>;
extern template class Node<Ip6, Side::input>;
extern template class Node<Ip6, Side::output>;

}  // namespace qos
