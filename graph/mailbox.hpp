// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <string>

#include "graph/control.hpp"
#include "graph/packet_ring.hpp"

namespace graph {

/// Packets from any worker to control: bounded, never waited for. A full box is the sender's
/// counted drop.
class Mailbox {
public:
    /// `receive` runs on the control thread, with at most `batch` packets a time, which it then
    /// owns. `name` is for messages. Throws std::runtime_error where the process has no descriptor
    /// left.
    Mailbox(const std::string& name, unsigned capacity, Control& control,
            std::function<void(std::span<Packet*>)> receive);
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    /// Any worker: takes the packet, or answers false and leaves it to the caller.
    bool push(Packet& packet) noexcept;

private:
    static constexpr unsigned batch = 64;
    void drain();

    PacketRing ring_;
    Control& control_;
    std::function<void(std::span<Packet*>)> receive_;
    /// Control has been told and has not looked yet: no need to tell it again.
    std::atomic<bool> told_{false};
    int event_fd_;
    Control::Handle watch_;
};

}  // namespace graph
