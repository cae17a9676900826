// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace graph {

/// What control wants one worker to look at, in one word, so that all of it together costs one
/// relaxed load a frame while nobody looks. Written by control.
class Attention {
public:
    enum What : uint32_t { trace = 1 << 0, tap = 1 << 1 };

    bool any() const noexcept { return bits_.load(std::memory_order_relaxed) != 0; }
    bool has(What what) const noexcept { return bits_.load(std::memory_order_relaxed) & what; }
    /// What was written before is there for a worker that finds it on and acquires its own pointer.
    void set(What what, bool on) noexcept {
        const uint32_t others = bits_.load(std::memory_order_relaxed) & ~uint32_t(what);
        bits_.store(on ? others | what : others, std::memory_order_release);
    }

private:
    std::atomic<uint32_t> bits_{0};
};

}  // namespace graph
