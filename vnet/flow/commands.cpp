// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/commands.hpp"

#include <algorithm>
#include <cstring>

namespace vnet::flow {

namespace {
/// Sessions that one packet from control ends, by time or by name: under a millisecond's work.
constexpr unsigned aged_a_tick = 4096;
}  // namespace

graph::Hop Commands::operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    Table& table = tables_.of(dispatch.worker());
    const auto bytes = packet.bytes();
    for (size_t at = 0; at + sizeof(Command) <= bytes.size(); at += sizeof(Command)) {
        Command command;
        std::memcpy(&command, bytes.data() + at, sizeof command);
        if (command.index != 0 && command.index <= table.highest() &&
            table[command.index].version == command.version) {
            table.end(command.index, Ending::removed);
        }
    }
    table.age(tables_.tick(dispatch.now_tsc()), aged_a_tick);
    graph::free_packet(&packet);
    return graph::Hop::consumed();
}

graph::Packet* Commands::make(graph::PacketPool& pool, std::span<const Command> commands,
                              size_t& taken) noexcept {
    graph::Packet* packet = pool.allocate();
    if (packet == nullptr) {
        return nullptr;
    }
    taken = std::min<size_t>(commands.size(), packet->tailroom() / sizeof(Command));
    (void)packet->resize(uint32_t(taken * sizeof(Command)));
    if (taken != 0) {
        std::memcpy(packet->data(), commands.data(), taken * sizeof(Command));
    }
    return packet;
}

}  // namespace vnet::flow
