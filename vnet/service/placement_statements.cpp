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

PlacementStatements::Modes::const_iterator PlacementStatements::find_mode(
    graph::QueueId queue) const {
    const auto found = modes_.find({queue.interface, queue.queue});
    return found != modes_.end() ? found : modes_.find({queue.interface, std::nullopt});
}

graph::RxMode PlacementStatements::mode(graph::QueueId queue) const {
    const auto found = find_mode(queue);
    return found != modes_.end() ? found->second : graph::RxMode::adaptive;
}

void PlacementStatements::came_up(const interface::Interface& interface) {
    graph::Engine& engine = router_.engine();
    const std::vector<graph::QueueId> queues = polled_queues(engine, interface.index);
    if (queues.empty()) {
        return;
    }
    forget_absent(interface, queues);
    // What is refused now would be refused when it is replayed: it does not stay.
    const auto tell = [&](const absl::Status& status) {
        if (!status.ok()) {
            spdlog::warn("interface '{}': {}; the setting is forgotten", interface.name,
                         std::string(status.message()));
        }
        return status.ok();
    };
    for (const graph::QueueId queue : queues) {
        if (const auto asked = workers_.find(queue);
            asked != workers_.end() && !tell(engine.move(queue, asked->second))) {
            workers_.erase(asked);
        }
        if (const auto asked = find_mode(queue);
            !tell(engine.set_mode(queue, mode(queue))) && asked != modes_.end()) {
            modes_.erase(asked);
        }
    }
}

void PlacementStatements::forget_absent(const interface::Interface& interface,
                                        const std::vector<graph::QueueId>& queues) {
    const auto absent = [&](interface::Index index, uint32_t queue) {
        const bool gone =
            index == interface.index &&
            !std::binary_search(queues.begin(), queues.end(), graph::QueueId{index, queue});
        if (gone) {
            spdlog::warn(
                "interface '{}' came up without a queue {}; what was set for it is forgotten",
                interface.name, queue);
        }
        return gone;
    };
    std::erase_if(modes_, [&](const auto& entry) {
        return entry.first.second && absent(entry.first.first, *entry.first.second);
    });
    std::erase_if(workers_, [&](const auto& entry) {
        return absent(entry.first.interface, entry.first.queue);
    });
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
