// SPDX-License-Identifier: Apache-2.0
#include "vnet/handoff/handoffs.hpp"

#include <fmt/format.h>

#include "graph/random_number.hpp"

namespace vnet::handoff {

namespace {
constexpr const char* arc = "device-input";
}  // namespace

Handoffs::Handoffs(graph::Engine& engine, interface::Table& table)
    : engine_(engine),
      table_(table),
      node_(std::make_shared<Node>(engine, table, graph::random_number())) {}

absl::StatusOr<std::unique_ptr<Handoffs>> Handoffs::create(graph::Engine& engine,
                                                           interface::Table& table) {
    std::unique_ptr<Handoffs> handoffs(new Handoffs(engine, table));
    const std::string name(Node::info.name);
    if (auto id = engine.graph().add<Node>(std::shared_ptr<const Node>(handoffs->node_));
        !id.ok()) {
        return id.status();
    }
    if (auto status = engine.graph().add_feature(arc, {name, {}, {}}); !status.ok()) {
        return status;
    }
    // Where the other worker goes on.
    engine.graph().link("worker-input", "ethernet-input");
    // The index may be given to another interface.
    Handoffs* const self = handoffs.get();
    table.observe([self](const interface::Interface& interface, interface::Change change) {
        if (change == interface::Change::removing) {
            self->node_->set(interface.index, 0);
        }
    });
    return handoffs;
}

absl::Status Handoffs::turn_on(const std::string& interface, std::span<const uint32_t> workers) {
    const auto found = table_.find(interface);
    if (!found.ok()) {
        return found.status();
    }
    const size_t there = engine_.workers().size();
    if (there == 1) {
        return absl::InvalidArgumentError(
            fmt::format("interface '{}' has no worker to hand packets over to, as there is one "
                        "only; start the router with --workers 2 or more",
                        interface));
    }
    uint64_t set = 0;
    for (const uint32_t worker : workers) {
        if (worker >= there) {
            return absl::InvalidArgumentError(
                fmt::format("there is no worker {}; there are {}, counted from 0", worker, there));
        }
        set |= uint64_t{1} << worker;
    }
    change((*found)->index, set != 0 ? set : ~uint64_t{0} >> (graph::max_workers - there));
    return absl::OkStatus();
}

absl::Status Handoffs::turn_off(const std::string& interface) {
    const auto found = table_.find(interface);
    if (!found.ok()) {
        return found.status();
    }
    change((*found)->index, 0);
    return absl::OkStatus();
}

void Handoffs::change(interface::Index index, uint64_t workers) {
    if (node_->workers(index) == workers) {
        return;
    }
    engine_.rearrange(index, [&] {
        node_->set(index, workers);
        (void)engine_.graph().set_feature(arc, std::string(Node::info.name), index, workers != 0);
    });
}

}  // namespace vnet::handoff
