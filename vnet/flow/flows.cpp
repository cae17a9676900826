// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/flows.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>

#include "vnet/flow/search.hpp"

namespace vnet::flow {

namespace {

constexpr const char* arc = "ip4-unicast";
constexpr const char* node_name = "ip4-flow";
constexpr const char* commands_name = "flow-commands";
constexpr auto tick_period = std::chrono::milliseconds(1000 / ticks_per_second);
/// Packets to one worker at a time that tell it which sessions to end: its other work goes on
/// in between.
constexpr unsigned most_orders_a_tick = 16;

}  // namespace

Flows::Flows(const Parts& parts)
    : engine_(parts.engine),
      tables_(std::make_unique<Tables>(parts.engine, default_sessions)),
      uses_(parts.interfaces, [this](interface::Index interface, bool on) {
          return engine_.graph().set_feature(arc, node_name, interface, on);
      }) {
    timer_ = engine_.control().every(tick_period, [this] { tick(); });
}

Flows::~Flows() {
    timer_.cancel();
}

absl::StatusOr<std::unique_ptr<Flows>> Flows::create(const Parts& parts) {
    std::unique_ptr<Flows> flows(new Flows(parts));
    if (absl::Status status = flows->add_nodes(parts); !status.ok()) {
        return status;
    }
    return flows;
}

absl::Status Flows::add_nodes(const Parts& parts) {
    graph::Graph& graph = engine_.graph();
    const auto lookup =
        std::make_shared<Lookup>(*tables_, parts.interfaces, parts.fragments.ports_slot());
    const auto node = graph.add(std::shared_ptr<const Lookup>(lookup));
    if (!node.ok()) {
        return node.status();
    }
    lookup->set_node(*node);
    const auto commands = graph.add(std::make_shared<const Commands>(*tables_));
    if (!commands.ok()) {
        return commands.status();
    }
    commands_ = *commands;
    graph.link("worker-input", node_name);
    graph.link("control-inject", commands_name);
    return graph.add_feature(arc, {node_name, {}, {"ip4-virtual-reassembly"}, true});
}

absl::StatusOr<OwnerId> Flows::add_owner(Owner& owner) {
    for (OwnerId id = 1; id < Owners::most; ++id) {
        if (tables_->owners().of(id) == nullptr) {
            tables_->owners().set(id, &owner);
            return id;
        }
    }
    return absl::ResourceExhaustedError(
        fmt::format("{} features keep sessions already, and no more can", Owners::most - 1));
}

void Flows::remove_owner(OwnerId id) {
    const auto is_of_owner = [id](const Found& found) { return found.session.owner == id; };
    if (engine_.is_running()) {
        uint64_t ended = 0;
        do {
            Removal removal(*this, engine_, Search(*this, is_of_owner));
            while (removal.step() != Removal::Step::done) {
            }
            ended = removal.ended();
        } while (ended != 0);
    } else {
        // Nobody else is at the tables.
        for_each([&](const Found& found) {
            if (is_of_owner(found)) {
                tables_->of(found.worker).end(found.index, Ending::removed);
            }
        });
    }
    tables_->owners().set(id, nullptr);
    engine_.rcu().synchronize();
}

void Flows::look(Place& at, size_t most, const std::function<void(const Found&)>& take) const {
    while (most != 0 && !at_end(at)) {
        const Table& table = tables_->of(at.worker);
        const SessionIndex highest = table.highest();
        for (; most != 0 && at.index <= highest; ++at.index, --most) {
            if (const auto session = table.at(at.index).copy()) {
                take({at.worker, at.index, *session});
            }
        }
        if (at.index > highest) {
            at = {at.worker + 1, 1};
        }
    }
}

void Flows::for_each(const std::function<void(const Found&)>& take) const {
    Place at;
    while (!at_end(at)) {
        look(at, ~size_t{0}, take);
    }
}

void Flows::end(std::span<const Found> sessions) {
    for (const Found& found : sessions) {
        ending_.push_back({found.worker, {found.index, found.session.version}});
    }
    send_orders();
}

void Flows::send_orders() {
    for (unsigned sent = 0; sent < most_orders_a_tick && !ending_.empty(); ++sent) {
        // Those that stand together and are of one worker.
        std::vector<Command> commands;
        const unsigned worker = ending_.front().worker;
        for (const Order& order : ending_) {
            if (order.worker != worker || commands.size() == graph::vector_size) {
                break;
            }
            commands.push_back(order.command);
        }
        size_t taken = 0;
        graph::Packet* packet = Commands::make(engine_.pool(), commands, taken);
        if (packet == nullptr || !engine_.inject(packet, commands_, worker)) {
            // No buffer or no room in the queue: later.
            return;
        }
        ending_.erase(ending_.begin(), ending_.begin() + ptrdiff_t(taken));
    }
}

void Flows::tick() {
    send_orders();
    for (unsigned worker = 0; worker < tables_->workers(); ++worker) {
        if (tables_->of(worker).counters().sessions.read() == 0) {
            continue;
        }
        // Where there is no buffer, or no room in the queue, the next tick is early enough.
        size_t none = 0;
        if (graph::Packet* packet = Commands::make(engine_.pool(), {}, none)) {
            (void)engine_.inject(packet, commands_, worker);
        }
    }
}

double Flows::idle_seconds(const Session& session) const noexcept {
    const auto idle = int32_t(tables_->tick(rte_rdtsc()) - session.last_seen);
    return std::max(idle, 0) / double(ticks_per_second);
}

double Flows::left_seconds(const Session& session) const noexcept {
    return std::max(timeouts()[session.timer] - idle_seconds(session), 0.0);
}

absl::Status Flows::set(const Timeouts& timeouts) {
    for (size_t i = 0; i < timers; ++i) {
        if (timeouts.seconds[i] < Timeouts::least || timeouts.seconds[i] > Timeouts::most) {
            return absl::OutOfRangeError(
                fmt::format("a timeout of {} s for {} is out of range; give {} to {}",
                            timeouts.seconds[i], name(Timer(i)), Timeouts::least, Timeouts::most));
        }
    }
    tables_->set(timeouts);
    return absl::OkStatus();
}

absl::Status Flows::set_capacity(uint32_t sessions) {
    constexpr uint32_t least = 1024;
    if (sessions < least || sessions > Table::most_sessions) {
        return absl::OutOfRangeError(
            fmt::format("{} sessions for each worker are out of range; give {} to {}", sessions,
                        least, Table::most_sessions));
    }
    if (sessions == capacity()) {
        return absl::OkStatus();
    }
    if (tables_->sessions() != 0 || !tables_->set_capacity(sessions)) {
        return absl::FailedPreconditionError(
            "the tables can be made anew only while there is no session; `clear flow sessions` "
            "ends those that there are");
    }
    return absl::OkStatus();
}

}  // namespace vnet::flow
