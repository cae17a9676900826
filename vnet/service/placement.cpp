// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "vnet/proto/placement.pb.h"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

/// The numbers of an interface's queues that workers poll, in order.
std::vector<uint32_t> queues_of(const graph::Engine& engine, interface::Index interface) {
    std::vector<uint32_t> queues;
    for (unsigned worker = 0; worker < engine.placement().workers(); ++worker) {
        for (const graph::Polled& polled : engine.placement().of(worker)) {
            if (polled.source->id().interface == interface) {
                queues.push_back(polled.source->id().queue);
            }
        }
    }
    std::sort(queues.begin(), queues.end());
    return queues;
}

/// The queues that a request means: the one it names, else all of them.
absl::StatusOr<std::vector<graph::QueueId>> find_queues(Router& router, const std::string& name,
                                                        std::optional<uint32_t> queue) {
    const auto interface = router.interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const interface::Index index = (*interface)->index;
    const std::vector<uint32_t> there = queues_of(router.engine(), index);
    if (there.empty()) {
        return absl::NotFoundError(
            (*interface)->up
                ? fmt::format("interface '{}' has no receive queue now that a worker could poll; "
                              "`show placement` lists those that are there",
                              name)
                : fmt::format("no worker polls interface '{0}'; set it up first: set interface {0} "
                              "state up",
                              name));
    }
    if (queue && std::find(there.begin(), there.end(), *queue) == there.end()) {
        return absl::NotFoundError(fmt::format("interface '{}' has no queue {}; it has {}", name,
                                               *queue, fmt::join(there, ", ")));
    }
    std::vector<graph::QueueId> found;
    for (const uint32_t number : there) {
        if (!queue || number == *queue) {
            found.push_back({index, number});
        }
    }
    return found;
}

absl::StatusOr<sluice::Empty> set_mode(Router& router, const sluice::SetModeRequest& request) {
    if (!sluice::RxMode_IsValid(request.mode())) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is not a mode; it is adaptive, interrupt or polling", int(request.mode())));
    }
    const auto queues =
        find_queues(router, request.name(),
                    request.has_queue() ? std::optional<uint32_t>(request.queue()) : std::nullopt);
    if (!queues.ok()) {
        return queues.status();
    }
    // An interface's queues are all alike: the first that refuses is the first of all.
    for (const graph::QueueId queue : *queues) {
        if (auto status = router.engine().set_mode(queue, graph::RxMode(request.mode()));
            !status.ok()) {
            return absl::Status(status.code(), fmt::format("interface '{}': {}", request.name(),
                                                           std::string(status.message())));
        }
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> set_worker(Router& router, const sluice::SetWorkerRequest& request) {
    const auto queues = find_queues(router, request.name(), request.queue());
    if (!queues.ok()) {
        return queues.status();
    }
    if (auto status = router.engine().move(queues->front(), request.worker()); !status.ok()) {
        return status;
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> set_handoff(Router& router,
                                          const sluice::SetHandoffRequest& request) {
    if (!sluice::HandoffState_IsValid(request.state())) {
        return absl::InvalidArgumentError(
            fmt::format("{} is not a state; it is on or off", int(request.state())));
    }
    const bool on = request.state() == sluice::HANDOFF_STATE_ON;
    if (!on && request.workers_size() != 0) {
        return absl::InvalidArgumentError(
            fmt::format("handoff of interface '{}' cannot be off for some workers only; leave the "
                        "workers out, or turn it on with those that remain",
                        request.name()));
    }
    const std::vector<uint32_t> workers(request.workers().begin(), request.workers().end());
    const absl::Status status = on ? router.handoffs().turn_on(request.name(), workers)
                                   : router.handoffs().turn_off(request.name());
    if (!status.ok()) {
        return status;
    }
    return sluice::Empty();
}

absl::StatusOr<api::ItemSource<sluice::PlacedQueue>> list_placement(Router& router) {
    std::map<graph::QueueId, sluice::PlacedQueue> all;
    const graph::Placement& placement = router.engine().placement();
    for (unsigned worker = 0; worker < placement.workers(); ++worker) {
        for (const auto& [source, mode] : placement.of(worker)) {
            const graph::QueueId id = source->id();
            sluice::PlacedQueue& message = all[id];
            message.set_interface(router.interfaces().name_of(id.interface));
            message.set_queue(id.queue);
            message.set_worker(worker);
            message.set_mode(sluice::RxMode(mode));
            message.set_wake(source->wait_fd() >= 0 ? "descriptor" : "timer");
            message.set_packets(source->brought.read());
            for (uint64_t set = router.handoffs().workers(id.interface); set != 0; set &= set - 1) {
                message.add_handoff(uint32_t(std::countr_zero(set)));
            }
        }
    }
    std::vector<sluice::PlacedQueue> sorted;
    for (auto& [id, message] : all) {
        sorted.push_back(std::move(message));
    }
    return api::items(std::move(sorted));
}

absl::StatusOr<api::ItemSource<sluice::HandoffLane>> list_handoff(const graph::Lanes& lanes) {
    std::vector<sluice::HandoffLane> all;
    for (unsigned from = 0; from < lanes.workers(); ++from) {
        for (unsigned to = 0; to < lanes.workers(); ++to) {
            if (from == to) {
                continue;
            }
            const graph::Lane& lane = lanes.lane(from, to);
            // In this order, so that what waits is never less than nothing.
            const uint64_t popped = lane.popped();
            const uint64_t pushed = lane.pushed();
            if (pushed + lane.refused() == 0) {
                continue;
            }
            sluice::HandoffLane& message = all.emplace_back();
            message.set_from(from);
            message.set_to(to);
            message.set_packets(pushed);
            message.set_waiting(uint32_t(std::min<uint64_t>(pushed - popped, lane.capacity())));
            message.set_capacity(lane.capacity());
            message.set_full(lane.refused());
        }
    }
    return api::items(std::move(all));
}

}  // namespace

static_assert(int(graph::RxMode::adaptive) == sluice::RX_MODE_ADAPTIVE &&
              int(graph::RxMode::interrupt) == sluice::RX_MODE_INTERRUPT &&
              int(graph::RxMode::polling) == sluice::RX_MODE_POLLING);

absl::Status register_placement(api::Registry& registry, Router& router) {
    absl::Status status;
    status.Update(registry.add_unary<sluice::SetModeRequest, sluice::Empty>(
        "sluice.Placement.SetMode",
        [&router](const auto& request) { return set_mode(router, request); }));
    status.Update(registry.add_unary<sluice::SetWorkerRequest, sluice::Empty>(
        "sluice.Placement.SetWorker",
        [&router](const auto& request) { return set_worker(router, request); }));
    status.Update(registry.add_unary<sluice::SetHandoffRequest, sluice::Empty>(
        "sluice.Placement.SetHandoff",
        [&router](const auto& request) { return set_handoff(router, request); }));
    status.Update(registry.add_list<sluice::ListPlacementRequest, sluice::PlacedQueue>(
        "sluice.Placement.List", [&router](const auto&) { return list_placement(router); }));
    status.Update(registry.add_list<sluice::ListHandoffRequest, sluice::HandoffLane>(
        "sluice.Placement.ListHandoff",
        [&router](const auto&) { return list_handoff(router.engine().lanes()); }));
    return status;
}

}  // namespace vnet::service
