// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "graph/counter.hpp"
#include "graph/limits.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"

namespace urpf {

using vnet::interface::Index;

/// What must lead back to the source of a packet.
enum class Mode : uint8_t {
    off,
    /// A route by the interface that the packet came by.
    strict,
    /// Some route.
    loose,
};

/// What is set for an interface.
struct Setting {
    Mode mode = Mode::off;
    /// The default route counts.
    bool default_route = true;
    bool operator==(const Setting&) const = default;
};

/// The settings of all interfaces, and how many packets each has lost. Set by control, asked by
/// workers.
class Modes {
public:
    /// For as many workers.
    explicit Modes(unsigned workers) : words_(graph::max_interfaces) {
        for (unsigned worker = 0; worker < workers; ++worker) {
            dropped_.push_back(
                std::make_unique<graph::StableArray<graph::Counter>>(graph::max_interfaces));
        }
    }

    // ---- control thread ----
    void set(Index interface, const Setting& setting) noexcept {
        words_[interface].store(uint8_t(uint8_t(setting.mode) << 1 | setting.default_route),
                                std::memory_order_relaxed);
    }
    /// Since the router started, whoever had the index.
    uint64_t dropped(Index interface) const noexcept {
        uint64_t sum = 0;
        for (const auto& worker : dropped_) {
            sum += (*worker)[interface].read();
        }
        return sum;
    }

    // ---- workers ----
    Setting of(Index interface) const noexcept {
        if (interface >= graph::max_interfaces) {
            return {};
        }
        const uint8_t word = words_[interface].load(std::memory_order_relaxed);
        return {Mode(word >> 1), (word & 1) != 0};
    }
    /// No worker but a dry run counts nothing.
    void count_drop(unsigned worker, Index interface) const noexcept {
        if (worker < dropped_.size()) {
            (*dropped_[worker])[interface].add(1);
        }
    }

private:
    graph::StableArray<std::atomic<uint8_t>> words_;
    /// By worker, then interface.
    std::vector<std::unique_ptr<graph::StableArray<graph::Counter>>> dropped_;
};

}  // namespace urpf
