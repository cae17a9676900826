// SPDX-License-Identifier: Apache-2.0
#include "service.hpp"

#include <fmt/format.h>

#include <limits>

#include "guard.hpp"
#include "ttl_guard.pb.h"

/// Handlers run on the control thread. Each either does all it was asked for or answers with one
/// sentence and has changed nothing.
namespace ttl_guard {

namespace {

namespace proto = sluice::ttl_guard;

constexpr const char* arc = "ip4-unicast";
constexpr uint32_t highest_ttl = std::numeric_limits<uint8_t>::max();

absl::Status turn(vnet::plugin::Registry& registry, Index interface, bool on) {
    return registry.engine().graph().set_feature(arc, std::string(Guard::info.name), interface, on);
}

absl::StatusOr<sluice::Empty> set(vnet::plugin::Registry& registry, Floors& floors,
                                  const proto::SetRequest& request) {
    const auto interface = registry.interfaces().find(request.interface());
    if (!interface.ok()) {
        return interface.status();
    }
    if (request.floor() == 0 || request.floor() > highest_ttl) {
        return absl::OutOfRangeError(
            fmt::format("{} is no floor for a TTL; give 1 to {}", request.floor(), highest_ttl));
    }
    // First what the node reads, then the feature: no worker meets a guard without a floor.
    const Index index = (*interface)->index;
    floors.set(index, uint8_t(request.floor()));
    if (auto status = turn(registry, index, true); !status.ok()) {
        floors.remove(index);
        return status;
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> remove(vnet::plugin::Registry& registry, Floors& floors,
                                     const proto::DeleteRequest& request) {
    const auto interface = registry.interfaces().find(request.interface());
    if (!interface.ok()) {
        return interface.status();
    }
    if (floors.floor((*interface)->index) == 0) {
        return absl::FailedPreconditionError(
            fmt::format("interface '{}' has no TTL floor; `show ttl-guard` lists those that have",
                        request.interface()));
    }
    forget(registry, floors, (*interface)->index);
    return sluice::Empty();
}

/// What is asked for again when the router starts: state that has no statement here is lost with
/// the process.
void write_config(vnet::plugin::Registry& registry, const Floors& floors,
                  const api::config::Emit& emit) {
    for (const Index interface : floors.interfaces()) {
        proto::SetRequest request;
        request.set_interface(registry.interfaces().name_of(interface));
        request.set_floor(floors.floor(interface));
        emit("sluice.ttl_guard.TtlGuard.Set", request);
    }
}

std::vector<proto::Guard> list(vnet::plugin::Registry& registry, const Floors& floors) {
    std::vector<proto::Guard> all;
    for (const Index interface : floors.interfaces()) {
        const Floors::Totals totals = floors.totals(interface);
        proto::Guard& guard = all.emplace_back();
        guard.set_interface(registry.interfaces().name_of(interface));
        guard.set_floor(floors.floor(interface));
        guard.set_passed(totals.passed);
        guard.set_dropped(totals.dropped);
    }
    return all;
}

}  // namespace

void forget(vnet::plugin::Registry& registry, Floors& floors, Index interface) {
    (void)turn(registry, interface, false);
    floors.remove(interface);
}

absl::Status register_service(vnet::plugin::Registry& registry, Floors& floors) {
    registry.add_config([&registry, &floors](const api::config::Emit& emit) {
        write_config(registry, floors, emit);
    });
    const std::string service = "sluice.ttl_guard.TtlGuard.";
    absl::Status status = registry.add_unary<proto::SetRequest, sluice::Empty>(
        service + "Set", [&registry, &floors](const proto::SetRequest& request) {
            return set(registry, floors, request);
        });
    status.Update(registry.add_unary<proto::DeleteRequest, sluice::Empty>(
        service + "Delete", [&registry, &floors](const proto::DeleteRequest& request) {
            return remove(registry, floors, request);
        }));
    status.Update(registry.add_list<proto::ListRequest, proto::Guard>(
        service + "List",
        [&registry,
         &floors](const proto::ListRequest&) -> absl::StatusOr<api::ItemSource<proto::Guard>> {
            return api::items(list(registry, floors));
        }));
    return status;
}

}  // namespace ttl_guard
