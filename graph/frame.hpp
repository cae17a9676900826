// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "graph/packet.hpp"

namespace graph {

/// A vector of packets under way to one node. Belongs to one worker.
struct alignas(64) Frame {
    /// Places behind the last packet, so that a loop may look ahead without a check. What is there
    /// means nothing.
    static constexpr unsigned slack = 8;

    Packet* packets[vector_size + slack];
    uint16_t size = 0;
    Frame* next = nullptr;

    std::span<Packet*> used() noexcept { return {packets, size}; }
    unsigned room() const noexcept { return vector_size - size; }
};

/// A worker's frames: made once, handed out and taken back without a lock.
class FramePool {
public:
    explicit FramePool(unsigned count)
        : frames_(std::make_unique<Frame[]>(count)), free_count_(count) {
        for (unsigned i = 0; i < count; ++i) {
            frames_[i].next = free_;
            free_ = &frames_[i];
        }
    }
    /// An empty frame, or nullptr when all are under way.
    Frame* take() noexcept {
        Frame* frame = free_;
        if (frame == nullptr) [[unlikely]] {
            return nullptr;
        }
        free_ = frame->next;
        frame->next = nullptr;
        frame->size = 0;
        --free_count_;
        return frame;
    }
    void give(Frame* frame) noexcept {
        frame->next = free_;
        free_ = frame;
        ++free_count_;
    }
    unsigned available() const noexcept { return free_count_; }

private:
    std::unique_ptr<Frame[]> frames_;
    Frame* free_ = nullptr;
    unsigned free_count_;
};

}  // namespace graph
