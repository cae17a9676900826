// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/placement_statements.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "vnet/proto/placement.pb.h"
#include "vnet/service/interface_statements.hpp"

namespace vnet::service {

std::vector<graph::QueueId> polled_queues(const graph::Engine& engine, interface::Index interface) {
    std::vector<graph::QueueId> queues;
    for (unsigned worker = 0; worker < engine.placement().workers(); ++worker) {
        for (const graph::Polled& polled : engine.placement().of(worker)) {
            if (polled.source->id().interface == interface) {
                queues.push_back(polled.source->id());
            }
        }
    }
    std::sort(queues.begin(), queues.end());
    return queues;
}

std::shared_ptr<PlacementStatements> PlacementStatements::create(Router& router) {
    std::shared_ptr<PlacementStatements> statements(new PlacementStatements(router));
    router.interfaces().observe(
        [weak = std::weak_ptr(statements)](const interface::Interface& interface,
                                           interface::Change change) {
            const auto alive = weak.lock();
            if (alive == nullptr) {
                return;
            }
            if (change == interface::Change::up) {
                alive->came_up(interface);
            } else if (change == interface::Change::removing) {
                alive->forget(interface.index);
            }
        });
    return statements;
}

void PlacementStatements::forget(interface::Index interface) {
    std::erase_if(modes_, [&](const auto& entry) { return entry.first.first == interface; });
    std::erase_if(workers_, [&](const auto& entry) { return entry.first.interface == interface; });
    handoff_.erase(interface);
}

void PlacementStatements::keep_mode(const Queues& queues, graph::RxMode mode) {
    if (!queues.second) {
        std::erase_if(modes_, [&](const auto& entry) { return entry.first.first == queues.first; });
    }
    modes_[queues] = mode;
}

bool PlacementStatements::forget_mode(const Queues& queues) {
    return std::erase_if(modes_, [&](const auto& entry) {
               return queues.second ? entry.first == queues : entry.first.first == queues.first;
           }) != 0;
}

graph::RxMode PlacementStatements::mode(graph::QueueId queue) const {
    for (const Queues& key :
         {Queues(queue.interface, queue.queue), Queues(queue.interface, std::nullopt)}) {
        if (const auto found = modes_.find(key); found != modes_.end()) {
            return found->second;
        }
    }
    return graph::RxMode::adaptive;
}

void PlacementStatements::came_up(const interface::Interface& interface) {
    const auto tell = [&](const absl::Status& status) {
        if (!status.ok()) {
            spdlog::warn("interface '{}': {}", interface.name, std::string(status.message()));
        }
    };
    graph::Engine& engine = router_.engine();
    for (const graph::QueueId queue : polled_queues(engine, interface.index)) {
        if (const auto asked = workers_.find(queue); asked != workers_.end()) {
            tell(engine.move(queue, asked->second));
        }
        tell(engine.set_mode(queue, mode(queue)));
    }
}

void PlacementStatements::write(const api::config::Emit& emit) const {
    for (const auto& [name, index] : by_name(router_.interfaces())) {
        write_modes(name, index, emit);
        write_workers(name, index, emit);
        if (const auto workers = handoff_.find(index); workers != handoff_.end()) {
            sluice::SetHandoffRequest request;
            request.set_name(name);
            request.set_state(sluice::HANDOFF_STATE_ON);
            request.mutable_workers()->Add(workers->second.begin(), workers->second.end());
            emit("sluice.Placement.SetHandoff", request);
        }
    }
}

void PlacementStatements::write_modes(const std::string& name, interface::Index index,
                                      const api::config::Emit& emit) const {
    for (auto at = modes_.lower_bound({index, std::nullopt});
         at != modes_.end() && at->first.first == index; ++at) {
        sluice::SetModeRequest request;
        request.set_name(name);
        request.set_mode(sluice::RxMode(at->second));
        if (at->first.second) {
            request.set_queue(*at->first.second);
        }
        emit("sluice.Placement.SetMode", request);
    }
}

void PlacementStatements::write_workers(const std::string& name, interface::Index index,
                                        const api::config::Emit& emit) const {
    for (auto at = workers_.lower_bound({index, 0});
         at != workers_.end() && at->first.interface == index; ++at) {
        sluice::SetWorkerRequest request;
        request.set_name(name);
        request.set_queue(at->first.queue);
        request.set_worker(at->second);
        emit("sluice.Placement.SetWorker", request);
    }
}

}  // namespace vnet::service
