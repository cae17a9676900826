// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/captures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vnet/wire/text.hpp"

namespace vnet::capture {

namespace {

InterfaceText text_of(const interface::Interface& interface) {
    return {interface.name,
            fmt::format("{} {}", interface.device->kind(), interface.device->description())};
}

}  // namespace

Captures::~Captures() {
    if (going_on()) {
        engine_.set_tap(nullptr);
        engine_.rcu().flush();
    }
}

absl::StatusOr<Selection> Captures::selection_of(const Request& request) const {
    if (request.snap_length < least_snap_length || request.snap_length > most_snap_length) {
        return absl::OutOfRangeError(
            fmt::format("{} bytes of a packet cannot be kept; give a snap length of {} to {}",
                        request.snap_length, least_snap_length, most_snap_length));
    }
    Selection selection;
    selection.points = request.points;
    selection.snap_length = request.snap_length;
    for (const std::string& name : request.interfaces) {
        const auto found = interfaces_.find(name);
        if (!found.ok()) {
            return found.status();
        }
        selection.interfaces.push_back((*found)->index);
    }
    if (!request.filter.empty()) {
        auto filter = Filter::compile(request.filter);
        if (!filter.ok()) {
            return filter.status();
        }
        selection.filter = *std::move(filter);
    }
    return selection;
}

Writer::Options Captures::options_of(const Request& request) const {
    Writer::Options options;
    options.application = "Sluice";
    options.comment =
        "A packet stands here once for each point that it passed: received (inbound), sent "
        "(outbound), dropped (with the reason as a comment).";
    options.packets = request.packets;
    options.bytes = request.bytes;
    for (const auto& [index, interface] : interfaces_.all()) {
        options.interfaces[index] = text_of(interface);
    }
    const graph::Graph& graph = engine_.graph();
    for (const graph::DropInfo& drop : graph.drops()) {
        options.drops.push_back(
            fmt::format("{}: {} ({})", graph.name_of(drop.node), drop.name, drop.meaning));
    }
    return options;
}

absl::Status Captures::start(const Request& request, const std::string& target,
                             const std::function<absl::StatusOr<std::unique_ptr<Sink>>()>& open) {
    if (going_on()) {
        return absl::FailedPreconditionError(fmt::format(
            "a capture to {} goes on; `capture stop` ends it before another begins", target_));
    }
    auto selection = selection_of(request);
    if (!selection.ok()) {
        return selection.status();
    }
    auto intake =
        std::make_shared<Intake>(*std::move(selection), unsigned(engine_.workers().size()));
    auto sink = open();
    if (!sink.ok()) {
        return sink.status();
    }
    auto writer = Writer::start(engine_.control(), intake, *std::move(sink), options_of(request),
                                [this] { hear(); });
    if (!writer.ok()) {
        return writer.status();
    }
    request_ = request;
    target_ = target;
    ended_.clear();
    intake_ = std::move(intake);
    writer_ = *std::move(writer);
    if (request.seconds != 0) {
        time_limit_ = engine_.control().after(
            std::chrono::seconds(request.seconds),
            [this, seconds = request.seconds] { end(fmt::format("{} s are over", seconds)); });
    }
    engine_.set_tap(intake_);
    return absl::OkStatus();
}

void Captures::end(std::string why) {
    if (!going_on() || !ended_.empty()) {
        return;
    }
    ended_ = std::move(why);
    time_limit_.cancel();
    engine_.set_tap(nullptr);
    // Once no worker can be at the intake any longer.
    engine_.rcu().retire([writer = writer_] { writer->finish(); });
}

absl::Status Captures::stop(std::function<void(const State&)> written) {
    if (!going_on()) {
        return absl::FailedPreconditionError("no capture goes on; `capture start FILE` begins one");
    }
    waiting_.push_back(std::move(written));
    end("stopped");
    return absl::OkStatus();
}

void Captures::hear() {
    switch (writer_->phase()) {
        case Writer::Phase::writing:
            return;
        case Writer::Phase::packets_reached:
            return end(fmt::format("{} packets are written", request_.packets));
        case Writer::Phase::bytes_reached:
            return end(fmt::format("{} bytes are written", request_.bytes));
        case Writer::Phase::failed:
            return end("failed");
        case Writer::Phase::done:
            break;
    }
    const auto waiting = std::exchange(waiting_, {});
    const State now = *state();
    for (const auto& written : waiting) {
        written(now);
    }
}

std::optional<State> Captures::state() const {
    if (writer_ == nullptr) {
        return std::nullopt;
    }
    State state{target_,          writer_->phase(), ended_, writer_->packets(),
                writer_->bytes(), intake_->totals()};
    if (state.phase == Writer::Phase::done && !writer_->status().ok()) {
        state.ended = std::string(writer_->status().message());
    }
    return state;
}

void Captures::interface_changed(const interface::Interface& interface, interface::Change change) {
    if (!going_on()) {
        return;
    }
    if (change == interface::Change::added) {
        writer_->rename(interface.index, text_of(interface));
    }
    if (change == interface::Change::removing && !intake_->forget(interface.index)) {
        end(fmt::format("interface {} is gone", wire::quoted(interface.name)));
    }
}

}  // namespace vnet::capture
