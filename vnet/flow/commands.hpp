// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "vnet/flow/tables.hpp"

namespace vnet::flow {

/// A session that control wants ended, if it is still the same.
struct Command {
    SessionIndex index = 0;
    uint32_t version = 0;
};

/// Does what control wants of a worker's table: ends sessions that are out of time, and those that
/// a packet from control names, whose bytes are Commands. The node "flow-commands".
class Commands {
public:
    static constexpr auto info = graph::node("flow-commands");
    static constexpr std::string_view effects = "ends sessions";

    explicit Commands(const Tables& tables) : tables_(tables) {}
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;

    /// A packet with as many as fit of `commands`, the first ones; their number. Null where there
    /// is no buffer.
    static graph::Packet* make(graph::PacketPool& pool, std::span<const Command> commands,
                               size_t& taken) noexcept;

private:
    const Tables& tables_;
};

}  // namespace vnet::flow
