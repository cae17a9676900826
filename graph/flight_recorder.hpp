// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "graph/packet.hpp"

namespace graph {

/// A packet as it stood when it was dropped.
struct DropRecord {
    static constexpr unsigned captured_bytes = 112;

    /// Metadata::drop says why.
    Metadata meta;
    uint64_t tsc;
    uint32_t length;
    uint16_t captured;
    /// The worker's index; the number of workers for what control dropped.
    uint16_t lane;
    /// The packet's first bytes.
    std::array<std::byte, captured_bytes> bytes;
};
static_assert(std::is_trivially_copyable_v<DropRecord> && sizeof(DropRecord) % 8 == 0);

/// Keeps one worker's last dropped packets, always, for whoever asks afterwards. One thread writes,
/// any thread reads without stopping it. Of the drops at one node of one vector only a few of each
/// reason are kept, so that a flood of drops costs little and does not push everything else out.
class FlightRecorder {
public:
    /// Packets that are kept.
    static constexpr unsigned capacity = 1024;
    /// Of one reason in one vector.
    static constexpr unsigned most_of_a_reason = 4;
    /// Reasons in one vector.
    static constexpr unsigned most_reasons = 8;

    FlightRecorder();

    // ---- the worker ----

    /// `now_tsc` is the same for all packets of a vector at one node.
    void record(std::span<Packet* const> packets, uint64_t now_tsc) noexcept;
    void set_lane(uint16_t lane) noexcept { lane_ = lane; }

    // ---- any thread ----

    /// Adds what is kept, oldest first. A record that is being written over is left out.
    void read(std::vector<DropRecord>& into) const;
    /// Dropped packets that were not kept, since others like them were.
    uint64_t passed_over() const noexcept { return passed_over_.load(std::memory_order_relaxed); }

private:
    static constexpr size_t words = sizeof(DropRecord) / sizeof(uint64_t);
    /// The words are atomic so that a reader may look while they change; `sequence` tells it
    /// whether they did. Odd while they do.
    struct Slot {
        std::atomic<uint64_t> sequence{0};
        std::array<std::atomic<uint64_t>, words> data{};
    };
    /// How many of a reason were kept of the vector at hand.
    struct Kept {
        DropId reason;
        unsigned count;
    };

    bool wanted(DropId reason) noexcept;
    void write(const Packet& packet, uint64_t now_tsc) noexcept;

    std::unique_ptr<Slot[]> slots_;
    std::atomic<uint64_t> written_{0};
    std::atomic<uint64_t> passed_over_{0};
    uint64_t vector_tsc_ = 0;
    std::array<Kept, most_reasons> kept_{};
    unsigned reasons_ = 0;
    uint16_t lane_ = 0;
};

}  // namespace graph
