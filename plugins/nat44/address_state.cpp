// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/address_state.hpp"

namespace nat44 {

AddressState::AddressState(const PoolSettings& settings, PortRange part,
                           const std::shared_ptr<HeldCount>& held) {
    if (settings.mapping == MappingKind::endpoint_independent) {
        for (auto& bitmap : ports) {
            bitmap = std::make_unique<PortBitmap>(part);
        }
    }
    if (settings.block_size != 0) {
        blocks = std::make_unique<PortBlocks>(part, settings.block_size);
    }
    if (settings.hold_down_s == 0) {
        return;
    }
    // This worker's share.
    const uint64_t most = settings.hold_down_ports == 0 ? part.size() / 2
                                                        : uint64_t{settings.hold_down_ports} *
                                                              part.size() / settings.ports.size();
    const vnet::flow::Tick ticks = settings.hold_down_s * vnet::flow::ticks_per_second;
    if (blocks != nullptr) {
        held_blocks = std::make_unique<HoldDown<HeldBlock>>(uint32_t(most / settings.block_size),
                                                            ticks, held);
    } else if (ports[0] != nullptr) {
        held_ports = std::make_unique<HoldDown<uint16_t>>(uint32_t(most), ticks, held);
    }
}

void AddressState::expire(vnet::flow::Tick now) noexcept {
    if (held_ports != nullptr) {
        held_ports->expire(now, [this](uint16_t port) { udp_ports().release(port); });
    }
    if (held_blocks != nullptr) {
        held_blocks->expire(now, [this](const HeldBlock& block) { blocks->release(block.first); });
    }
}

}  // namespace nat44
