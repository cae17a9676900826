// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "vnet/proto/placement.pb.h"
#include "vnet/service/placement_statements.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

/// The queues that a request means: the one it names, else all of them. None while the interface is
/// down, when nobody knows which there will be, or where it has none at all now: what is said then
/// waits for the next time it comes up, so that a saved state can be replayed over any other.
absl::StatusOr<std::vector<graph::QueueId>> find_queues(Router& router,
                                                        const interface::Interface& interface,
                                                        std::optional<uint32_t> queue) {
    std::vector<graph::QueueId> found;
    if (!interface.up) {
        return found;
    }
    const std::vector<graph::QueueId> there = polled_queues(router.engine(), interface.index);
    if (there.empty()) {
        return found;
    }
    std::vector<uint32_t> numbers;
    for (const graph::QueueId id : there) {
        numbers.push_back(id.queue);
        if (!queue || id.queue == *queue) {
            found.push_back(id);
        }
    }
    if (found.empty()) {
        return absl::NotFoundError(fmt::format("interface '{}' has no queue {}; it has {}",
                                               interface.name, *queue, fmt::join(numbers, ", ")));
    }
    return found;
}

std::optional<uint32_t> queue_of(bool has, uint32_t queue) {
    return has ? std::optional(queue) : std::nullopt;
}

absl::Status apply_mode(Router& router, const interface::Interface& interface,
                        std::optional<uint32_t> queue, graph::RxMode mode) {
    const auto queues = find_queues(router, interface, queue);
    if (!queues.ok()) {
        return queues.status();
    }
    // An interface's queues are all alike: the first that refuses is the first of all.
    for (const graph::QueueId id : *queues) {
        if (auto status = router.engine().set_mode(id, mode); !status.ok()) {
            return absl::Status(status.code(), fmt::format("interface '{}': {}", interface.name,
                                                           std::string(status.message())));
        }
    }
    return absl::OkStatus();
}

absl::StatusOr<sluice::Empty> set_mode(Router& router, PlacementStatements& statements,
                                       const sluice::SetModeRequest& request) {
    if (!sluice::RxMode_IsValid(request.mode())) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is not a mode; it is adaptive, interrupt or polling", int(request.mode())));
    }
    const auto interface = router.interfaces().find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    const auto queue = queue_of(request.has_queue(), request.queue());
    const auto mode = graph::RxMode(request.mode());
    if (auto status = apply_mode(router, **interface, queue, mode); !status.ok()) {
        return status;
    }
    statements.keep_mode({(*interface)->index, queue}, mode);
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> reset_mode(Router& router, PlacementStatements& statements,
                                         const sluice::ResetModeRequest& request) {
    const auto interface = router.interfaces().find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    const interface::Index index = (*interface)->index;
    const auto queue = queue_of(request.has_queue(), request.queue());
    const auto queues = find_queues(router, **interface, queue);
    if (!statements.forget_mode({index, queue}) && !queues.ok()) {
        return queues.status();
    }
    if (!queues.ok()) {
        return sluice::Empty();
    }
    for (const graph::QueueId id : *queues) {
        if (auto status = router.engine().set_mode(id, statements.mode(id)); !status.ok()) {
            return status;
        }
    }
    return sluice::Empty();
}

absl::Status check_worker(unsigned worker, unsigned workers) {
    if (worker >= workers) {
        return absl::InvalidArgumentError(
            fmt::format("there is no worker {}; there are {}, counted from 0", worker, workers));
    }
    return absl::OkStatus();
}

absl::StatusOr<sluice::Empty> set_worker(Router& router, PlacementStatements& statements,
                                         const sluice::SetWorkerRequest& request) {
    const auto interface = router.interfaces().find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    const auto queues = find_queues(router, **interface, request.queue());
    if (!queues.ok()) {
        return queues.status();
    }
    absl::Status status = check_worker(request.worker(), router.engine().placement().workers());
    if (status.ok() && !queues->empty()) {
        status = router.engine().move(queues->front(), request.worker());
    }
    if (!status.ok()) {
        return status;
    }
    statements.keep_worker({(*interface)->index, request.queue()}, request.worker());
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> reset_worker(Router& router, PlacementStatements& statements,
                                           const sluice::ResetWorkerRequest& request) {
    const auto interface = router.interfaces().find(request.name());
    if (!interface.ok()) {
        return interface.status();
    }
    const auto queues = find_queues(router, **interface, request.queue());
    if (!statements.forget_worker({(*interface)->index, request.queue()}) && !queues.ok()) {
        return queues.status();
    }
    if (queues.ok() && !queues->empty()) {
        const graph::Placement& placement = router.engine().placement();
        unsigned least = 0;
        for (unsigned worker = 1; worker < placement.workers(); ++worker) {
            least = placement.of(worker).size() < placement.of(least).size() ? worker : least;
        }
        if (auto status = router.engine().move(queues->front(), least); !status.ok()) {
            return status;
        }
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> set_handoff(Router& router, PlacementStatements& statements,
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
    std::vector<uint32_t> workers(request.workers().begin(), request.workers().end());
    const absl::Status status = on ? router.handoffs().turn_on(request.name(), workers)
                                   : router.handoffs().turn_off(request.name());
    if (!status.ok()) {
        return status;
    }
    const interface::Index index = (*router.interfaces().find(request.name()))->index;
    on ? statements.keep_handoff(index, std::move(workers)) : statements.forget_handoff(index);
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
    const auto statements = PlacementStatements::create(router);
    registry.config().add("placement", [statements](const auto& emit) { statements->write(emit); });
    absl::Status status;
    status.Update(registry.add_unary<sluice::SetModeRequest, sluice::Empty>(
        "sluice.Placement.SetMode", [&router, statements](const auto& request) {
            return set_mode(router, *statements, request);
        }));
    status.Update(registry.add_unary<sluice::ResetModeRequest, sluice::Empty>(
        "sluice.Placement.ResetMode", [&router, statements](const auto& request) {
            return reset_mode(router, *statements, request);
        }));
    status.Update(registry.add_unary<sluice::SetWorkerRequest, sluice::Empty>(
        "sluice.Placement.SetWorker", [&router, statements](const auto& request) {
            return set_worker(router, *statements, request);
        }));
    status.Update(registry.add_unary<sluice::ResetWorkerRequest, sluice::Empty>(
        "sluice.Placement.ResetWorker", [&router, statements](const auto& request) {
            return reset_worker(router, *statements, request);
        }));
    status.Update(registry.add_unary<sluice::SetHandoffRequest, sluice::Empty>(
        "sluice.Placement.SetHandoff", [&router, statements](const auto& request) {
            return set_handoff(router, *statements, request);
        }));
    status.Update(registry.add_list<sluice::ListPlacementRequest, sluice::PlacedQueue>(
        "sluice.Placement.List", [&router](const auto&) { return list_placement(router); }));
    status.Update(registry.add_list<sluice::ListHandoffRequest, sluice::HandoffLane>(
        "sluice.Placement.ListHandoff",
        [&router](const auto&) { return list_handoff(router.engine().lanes()); }));
    return status;
}

}  // namespace vnet::service
