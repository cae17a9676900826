// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/capture/writer.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::capture {

/// What an operator asks for.
struct Request {
    /// Names; none: all.
    std::vector<std::string> interfaces;
    std::array<bool, graph::tap_points> points{true, true, true};
    /// In libpcap's language; empty: every packet.
    std::string filter;
    uint32_t snap_length = 65535;
    /// 0: without end.
    uint64_t packets = 0;
    uint64_t bytes = 0;
    uint64_t seconds = 0;
};

/// How a capture stands.
struct State {
    /// Where it goes, in words: a file's path.
    std::string target;
    Writer::Phase phase = Writer::Phase::writing;
    /// Why it ended; empty while it goes on.
    std::string ended;
    /// Packets and bytes written.
    uint64_t packets = 0;
    uint64_t bytes = 0;
    Intake::Totals taken;
};

/// The one capture that may go on at a time: starts it, ends it, says how it stands. Control
/// thread, which waits neither for workers nor for the disk.
class Captures {
public:
    /// The least and most bytes that may be kept of a packet.
    static constexpr uint32_t least_snap_length = 14;
    static constexpr uint32_t most_snap_length = 65535;

    explicit Captures(graph::Engine& engine, const interface::Table& interfaces)
        : engine_(engine), interfaces_(interfaces) {}
    /// Ends the capture and waits until it is written.
    ~Captures();
    Captures(const Captures&) = delete;
    Captures& operator=(const Captures&) = delete;

    /// Begins a capture. `open` makes its sink, once all else is known to be right. `target` says
    /// where it goes. FAILED_PRECONDITION while another goes on; else sentences for what cannot be
    /// done.
    absl::Status start(const Request& request, const std::string& target,
                       const std::function<absl::StatusOr<std::unique_ptr<Sink>>()>& open);
    /// Ends it. `written` runs when all that was captured is in the sink; it must not begin
    /// another. FAILED_PRECONDITION where none goes on.
    absl::Status stop(std::function<void(const State&)> written);
    /// The capture that goes on, or the last that did; none before the first.
    std::optional<State> state() const;

    /// Tells of a change of the interface table.
    void interface_changed(const interface::Interface& interface, interface::Change change);

private:
    absl::StatusOr<Selection> selection_of(const Request& request) const;
    Writer::Options options_of(const Request& request) const;
    bool going_on() const noexcept {
        return writer_ != nullptr && writer_->phase() != Writer::Phase::done;
    }
    void end(std::string why);
    void hear();

    graph::Engine& engine_;
    const interface::Table& interfaces_;
    std::string target_;
    Request request_;
    std::string ended_;
    std::shared_ptr<Intake> intake_;
    std::shared_ptr<Writer> writer_;
    graph::Control::Handle time_limit_;
    std::vector<std::function<void(const State&)>> waiting_;
};

}  // namespace vnet::capture
