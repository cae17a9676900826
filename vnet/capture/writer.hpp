// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/file.hpp"
#include "graph/control.hpp"
#include "graph/wall_clock.hpp"
#include "vnet/capture/intake.hpp"
#include "vnet/capture/pcapng.hpp"
#include "vnet/capture/sink.hpp"

namespace vnet::capture {

/// What a capture says of an interface.
struct InterfaceText {
    std::string name;
    std::string comment;
};

/// Takes packets out of an intake's rings, oldest first, and writes them to a sink as pcapng, on a
/// thread of its own: a disk may keep a write waiting for seconds, and neither the workers nor
/// control can. What comes meanwhile stays in the rings, as far as it fits.
class Writer {
public:
    struct Options {
        /// What the file says of its maker and of what it holds.
        std::string application;
        std::string comment;
        /// Ends behind so many packets; 0: without end.
        uint64_t packets = 0;
        /// Ends in front of the packet that would take the file beyond so many bytes; 0: without
        /// end.
        uint64_t bytes = 0;
        /// All interfaces that there are.
        std::map<interface::Index, InterfaceText> interfaces;
        /// By graph::DropId, in words.
        std::vector<std::string> drops;
    };
    enum class Phase {
        writing,
        /// Has ended by itself for this reason, and waits for finish().
        packets_reached,
        bytes_reached,
        failed,
        /// All that will ever be there is written, and the sink is gone.
        done,
    };

    /// `news` runs on the control thread after every change of the phase. RESOURCE_EXHAUSTED where
    /// there is no descriptor or thread left.
    static absl::StatusOr<std::unique_ptr<Writer>> start(graph::Control& control,
                                                         std::shared_ptr<Intake> intake,
                                                         std::unique_ptr<Sink> sink,
                                                         Options options,
                                                         std::function<void()> news);
    /// Finishes first, however long the sink takes.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // ---- control thread ----

    /// No thread puts packets into the intake any longer: writes what is there and the statistics.
    /// Returns at once; the phase is `done` when it is over.
    void finish();
    /// From here on the index means this interface.
    void rename(interface::Index interface, InterfaceText text);
    Phase phase() const noexcept { return phase_.load(std::memory_order_acquire); }
    /// Once it is done: the sink's error where that ended it, OK in all other cases.
    const absl::Status& status() const noexcept { return status_; }
    /// Packets and bytes that the sink has taken.
    uint64_t packets() const noexcept { return packets_.load(std::memory_order_relaxed); }
    uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

private:
    Writer(graph::Control& control, std::shared_ptr<Intake> intake, std::unique_ptr<Sink> sink,
           Options options, std::function<void()> news, api::File event);
    void run();
    bool wait();
    bool drain();
    void write(const TakenPacket& taken, std::span<const std::byte> bytes);
    void send();
    void write_statistics();
    uint32_t number_of(interface::Index interface, LinkLayer link_layer);
    void enter(Phase phase);
    void fail(absl::Status status);

    const std::shared_ptr<Intake> intake_;
    std::unique_ptr<Sink> sink_;
    Options options_;
    const std::function<void()> news_;
    const api::File event_;
    graph::Control::Handle watch_;

    std::mutex mutex_;
    std::condition_variable asked_;
    bool finishing_ = false;
    std::vector<std::pair<interface::Index, InterfaceText>> renamed_;

    std::atomic<Phase> phase_{Phase::writing};
    absl::Status status_;
    std::atomic<uint64_t> packets_{0};
    std::atomic<uint64_t> bytes_{0};

    // ---- the thread's own ----
    graph::WallClock clock_;
    uint64_t began_tsc_ = 0;
    Pcapng blocks_;
    /// Packets in `blocks_`.
    uint64_t waiting_ = 0;
    std::map<std::pair<interface::Index, LinkLayer>, uint32_t> numbers_;
    /// Packets written, by the interface's number.
    std::vector<uint64_t> written_;
    std::thread thread_;
};

}  // namespace vnet::capture
