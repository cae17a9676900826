// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "vnet/capture/captures.hpp"
#include "vnet/proto/capture.pb.h"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

constexpr uint64_t usual_bytes = 1'000'000'000;
constexpr uint64_t most_seconds = 1'000'000;
/// What one message holds; well below what a client takes.
constexpr size_t blocks_a_message = size_t(1) << 20;

/// Sends a capture to a client.
class WatchSink : public capture::Sink {
public:
    explicit WatchSink(api::Watcher<sluice::CaptureBlocks> watcher)
        : watcher_(std::move(watcher)) {}
    absl::Status write(std::span<const std::byte> blocks) override {
        sluice::CaptureBlocks message;
        while (!blocks.empty()) {
            const auto part = blocks.first(std::min(blocks.size(), blocks_a_message));
            message.set_blocks(part.data(), part.size());
            if (!watcher_.push(message)) {
                return absl::CancelledError("the client is gone or did not keep up");
            }
            blocks = blocks.subspan(part.size());
        }
        return absl::OkStatus();
    }
    bool wanted() const override { return watcher_.is_open(); }

private:
    const api::Watcher<sluice::CaptureBlocks> watcher_;
};

absl::StatusOr<std::array<bool, graph::tap_points>> points_of(sluice::CapturePoint point) {
    switch (point) {
        case sluice::CAPTURE_POINT_ALL:
            return std::array{true, true, true};
        case sluice::CAPTURE_POINT_RX:
            return std::array{true, false, false};
        case sluice::CAPTURE_POINT_TX:
            return std::array{false, true, false};
        case sluice::CAPTURE_POINT_DROP:
            return std::array{false, false, true};
        case sluice::CAPTURE_POINT_RX_TX:
            return std::array{true, true, false};
        case sluice::CAPTURE_POINT_RX_DROP:
            return std::array{true, false, true};
        case sluice::CAPTURE_POINT_TX_DROP:
            return std::array{false, true, true};
        default:
            return absl::InvalidArgumentError(
                fmt::format("{} is no place to capture at; it is all, rx, tx, drop, rx-tx, rx-drop "
                            "or tx-drop",
                            int(point)));
    }
}

absl::Status check_limit(const char* what, bool given, uint64_t value, uint64_t most) {
    if (given && (value == 0 || value > most)) {
        return absl::OutOfRangeError(
            fmt::format("a capture of {} {} cannot be made; give 1 to {}", value, what, most));
    }
    return absl::OkStatus();
}

absl::StatusOr<capture::Request> request_of(const sluice::StartCaptureRequest& message) {
    auto points = points_of(message.at());
    if (!points.ok()) {
        return points.status();
    }
    absl::Status status =
        check_limit("packets", message.has_packets(), message.packets(), INT64_MAX);
    status.Update(check_limit("bytes", message.has_bytes(), message.bytes(), INT64_MAX));
    status.Update(check_limit("seconds", message.has_seconds(), message.seconds(), most_seconds));
    if (!status.ok()) {
        return status;
    }
    capture::Request request;
    request.interfaces.assign(message.interface().begin(), message.interface().end());
    request.points = *points;
    request.filter = message.filter();
    if (message.has_snaplen()) {
        request.snap_length = message.snaplen();
    }
    request.packets = message.packets();
    request.bytes = message.has_bytes() ? message.bytes() : usual_bytes;
    request.seconds = message.seconds();
    return request;
}

sluice::CapturePhase phase_of(const capture::State& state) {
    if (state.phase == capture::Writer::Phase::done) {
        return sluice::CAPTURE_PHASE_DONE;
    }
    return state.ended.empty() ? sluice::CAPTURE_PHASE_RUNNING : sluice::CAPTURE_PHASE_FINISHING;
}

sluice::CaptureState message_of(const capture::State& state) {
    sluice::CaptureState message;
    message.set_file(state.target);
    message.set_state(phase_of(state));
    message.set_packets(state.packets);
    message.set_bytes(state.bytes);
    message.set_lost(state.taken.lost);
    message.set_filtered(state.taken.filtered);
    message.set_ended(state.ended);
    return message;
}

absl::StatusOr<sluice::Empty> start(capture::Captures& captures,
                                    const sluice::StartCaptureRequest& message) {
    auto request = request_of(message);
    if (!request.ok()) {
        return request.status();
    }
    const std::string& file = message.file();
    if (auto status = captures.start(*request, file,
                                     [&]() -> absl::StatusOr<std::unique_ptr<capture::Sink>> {
                                         return capture::FileSink::create(file);
                                     });
        !status.ok()) {
        return status;
    }
    return sluice::Empty();
}

absl::Status watch(capture::Captures& captures, const sluice::StartCaptureRequest& message,
                   const api::Watcher<sluice::CaptureBlocks>& watcher) {
    if (!message.file().empty()) {
        return absl::InvalidArgumentError(
            "a capture goes to a file or to the client; leave `file` out, or call Start");
    }
    auto request = request_of(message);
    if (!request.ok()) {
        return request.status();
    }
    if (!message.has_bytes()) {
        request->bytes = 0;
    }
    return captures.start(*request, "the client",
                          [&]() -> absl::StatusOr<std::unique_ptr<capture::Sink>> {
                              return std::make_unique<WatchSink>(watcher);
                          });
}

}  // namespace

absl::Status register_capture(api::Registry& registry, Router& router) {
    auto captures = std::make_shared<capture::Captures>(router.engine(), router.interfaces());
    // The table lives longer than the handlers below.
    router.interfaces().observe(
        [weak = std::weak_ptr(captures)](const auto& interface, interface::Change change) {
            if (const auto alive = weak.lock()) {
                alive->interface_changed(interface, change);
            }
        });
    absl::Status status;
    status.Update(registry.add_unary<sluice::StartCaptureRequest, sluice::Empty>(
        "sluice.Capture.Start",
        [captures](const auto& request) { return start(*captures, request); }));
    status.Update(registry.add_watch<sluice::StopCaptureRequest, sluice::CaptureState>(
        "sluice.Capture.Stop", [captures](const auto&, auto watcher) {
            return captures->stop([watcher](const capture::State& state) {
                watcher.push(message_of(state));
                watcher.close();
            });
        }));
    status.Update(registry.add_list<sluice::ShowCaptureRequest, sluice::CaptureState>(
        "sluice.Capture.Show",
        [captures](const auto&) -> absl::StatusOr<api::ItemSource<sluice::CaptureState>> {
            std::vector<sluice::CaptureState> all;
            if (const auto state = captures->state()) {
                all.push_back(message_of(*state));
            }
            return api::items(std::move(all));
        }));
    status.Update(registry.add_watch<sluice::StartCaptureRequest, sluice::CaptureBlocks>(
        "sluice.Capture.Watch", [captures](const auto& request, auto watcher) {
            return watch(*captures, request, watcher);
        }));
    return status;
}

}  // namespace vnet::service
