// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <stdexcept>

#include "graph/driver.hpp"
#include "plugins/host/testing/crash.pb.h"
#include "vnet/plugin/registry.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace crash {

namespace {

constexpr const char* arc = "ip4-unicast";

/// Volatile, so that no compiler sees the fault coming.
void write_nowhere() {
    *static_cast<volatile int*>(nullptr) = 1;
}

[[gnu::noinline]] void fall() {
    throw std::runtime_error("the sky fell");
}

/// Does something wrong where a packet's TTL asks for it.
struct Fragile {
    static constexpr auto info = graph::node("fragile");
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
        const auto* header =
            vnet::wire::view<vnet::wire::Ip4Header>(packet.from_offset(packet.meta().l3_offset));
        switch (header == nullptr ? 0 : header->ttl) {
            case 101:
                write_nowhere();
                break;
            case 102:
                fall();
                break;
            case 103:
                __builtin_trap();
            case 104:
                raise(SIGFPE);
                break;
            default:
                break;
        }
        return dispatch.next_feature(packet);
    }
};

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    absl::Status status = registry.add_node(std::make_shared<const Fragile>()).status();
    status.Update(registry.add_feature(arc, {"fragile", {}, {}}));
    registry.observe_interfaces([&registry](const auto& interface, vnet::interface::Change change) {
        if (change == vnet::interface::Change::added) {
            (void)registry.engine().graph().set_feature(arc, "fragile", interface.index, true);
        }
    });
    status.Update(registry.add_unary<sluice::crash::ControlRequest, sluice::Empty>(
        "sluice.crash.Crash.Control",
        [](const sluice::crash::ControlRequest&) -> absl::StatusOr<sluice::Empty> {
            write_nowhere();
            return sluice::Empty();
        }));
    return status;
}

}  // namespace crash
