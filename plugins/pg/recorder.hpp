// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/control.hpp"
#include "graph/packet_ring.hpp"
#include "graph/slots.hpp"
#include "graph/wall_clock.hpp"
#include "plugins/pg/capture.hpp"

namespace pg {

/// When a packet that is to be recorded was sent, in TSC clocks.
using SentAt = graph::Slot<uint64_t>;

/// Packets on their way into a capture: workers hand them over through a bounded ring, control
/// writes and frees them. What finds the ring full is left out and counted.
class Recorder {
public:
    static constexpr unsigned capacity = 2048;

    /// `limit`: packets at which it ends, 0 for none. `ended` runs on the control thread when it
    /// ends by itself, at its limit or by an error; it must not destroy the recorder. A sentence
    /// where the file cannot be made.
    static absl::StatusOr<std::unique_ptr<Recorder>> create(graph::Control& control,
                                                            const std::string& file, uint64_t limit,
                                                            SentAt sent_at,
                                                            std::function<void()> ended);
    /// No worker may know it any longer. What is in the ring is freed.
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// Any worker: takes the packet, or answers false and leaves it to the caller.
    bool offer(graph::Packet& packet, uint64_t now_tsc) noexcept;

    // ---- control thread ----

    /// Writes all that is in the ring and closes the file.
    void finish();
    const std::string& file() const noexcept { return file_; }
    uint64_t written() const noexcept { return written_; }
    uint64_t overflow() const noexcept { return overflow_.load(std::memory_order_relaxed); }
    bool ended() const noexcept { return !writer_; }
    const absl::Status& status() const noexcept { return status_; }

private:
    Recorder(graph::Control& control, std::string file, uint64_t limit, SentAt sent_at,
             std::function<void()> ended, CaptureWriter writer, int event_fd);
    void drain();
    void write(graph::Packet& packet);
    void wake() noexcept;

    const std::string file_;
    const uint64_t limit_;
    const SentAt sent_at_;
    const std::function<void()> ended_;
    std::optional<CaptureWriter> writer_;
    graph::PacketRing ring_;
    std::atomic<bool> told_{false};
    std::atomic<uint64_t> overflow_{0};
    const int event_fd_;
    uint64_t written_ = 0;
    absl::Status status_;
    graph::WallClock clock_;
    std::vector<std::byte> whole_;
    graph::Control::Handle watch_;
};

}  // namespace pg
