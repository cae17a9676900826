// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

#include "graph/stable_array.hpp"
#include "plugins/nat44/blocks.hpp"
#include "plugins/nat44/hold_down.hpp"
#include "plugins/nat44/port_bitmap.hpp"
#include "plugins/nat44/settings.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace nat44 {

/// What a worker keeps of an outside address: which ports of its part are taken. Made by control
/// before the address is given out and freed behind its last session; changed by the worker.
struct AddressState {
    /// Of an address of that pool, for the worker that has this part of its ports. What is held is
    /// counted in `held` as well.
    AddressState(const PoolSettings& settings, PortRange part,
                 const std::shared_ptr<HeldCount>& held = nullptr);

    /// Of endpoint-independent mappings; null where there are none. TCP, UDP, ICMP.
    std::unique_ptr<PortBitmap> ports[3];
    /// Of a pool whose hosts have blocks.
    std::unique_ptr<PortBlocks> blocks;

    /// A block whose host has none of its ports any more.
    struct HeldBlock {
        uint16_t first;
        Vrf vrf;
        Ip4Address host;
    };
    /// UDP ports, and blocks, that were given back and are nobody else's yet; null where they may
    /// be at once.
    std::unique_ptr<HoldDown<uint16_t>> held_ports;
    std::unique_ptr<HoldDown<HeldBlock>> held_blocks;
    /// What was held long enough may be had again.
    void expire(vnet::flow::Tick now) noexcept;

    PortBitmap& udp_ports() noexcept { return *ports[1]; }

    /// Null for a protocol without ports.
    PortBitmap* ports_of(uint8_t protocol) const noexcept {
        switch (vnet::wire::IpProtocol(protocol)) {
            case vnet::wire::IpProtocol::tcp:
                return ports[0].get();
            case vnet::wire::IpProtocol::udp:
                return ports[1].get();
            case vnet::wire::IpProtocol::icmp:
                return ports[2].get();
            default:
                return nullptr;
        }
    }
};

/// The states of one worker, by the number of the address.
class AddressStates {
public:
    AddressStates() : states_(65536) {}
    /// Null where the address has none, or is gone.
    AddressState* of(uint16_t number) const noexcept {
        return states_[number].load(std::memory_order_acquire);
    }
    /// Control thread.
    void set(uint16_t number, AddressState* state) noexcept {
        states_[number].store(state, std::memory_order_release);
    }

private:
    graph::StableArray<std::atomic<AddressState*>> states_;
};

}  // namespace nat44
