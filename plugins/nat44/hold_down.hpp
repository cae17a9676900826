// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "plugins/nat44/held_count.hpp"

namespace nat44 {

/// What of an outside address was given back and may be nobody's for a while, so that packets that
/// are still under way to who had it do not reach who has it next (RFC 6888 REQ-8): in the order in
/// which it was given back, and never more than so much. One worker's own; allocates when it is
/// made only, and touches memory as it is used.
template <class What>
class HoldDown {
public:
    /// `most` is 1 or more. What is held is counted in `all` too, which others may count in; null:
    /// nowhere.
    HoldDown(uint32_t most, vnet::flow::Tick ticks, std::shared_ptr<HeldCount> all = nullptr)
        : most_(std::max(most, 1U)),
          ticks_(ticks),
          held_(std::make_unique_for_overwrite<Held[]>(most_)),
          counted_(ticks),
          all_(std::move(all)) {}
    /// Behind its worker's last look.
    ~HoldDown() {
        for (uint32_t i = 0; i < count_ && all_ != nullptr; ++i) {
            if (const Held& held = held_[(first_ + i) % most_]; held.there) {
                all_->drop(held.due);
            }
        }
    }
    HoldDown(const HoldDown&) = delete;
    HoldDown& operator=(const HoldDown&) = delete;

    /// Holds one more. Where there is no more room, `release` gets the one that is held for
    /// longest.
    template <class Release>
    void hold(What what, vnet::flow::Tick now, const Release& release) noexcept {
        if (count_ == most_) {
            let_go(release);
        }
        held_[(first_ + count_) % most_] = {now + ticks_, true, what};
        ++count_;
        count(now + ticks_, 1);
    }
    /// `release` gets all whose time is over.
    template <class Release>
    void expire(vnet::flow::Tick now, const Release& release) noexcept {
        while (count_ != 0 && int32_t(held_[first_].due - now) <= 0) {
            let_go(release);
        }
    }
    /// Takes out one that `is_it` says is wanted; none where there is none. Looks at all.
    template <class IsIt>
    std::optional<What> take(const IsIt& is_it) noexcept {
        for (uint32_t i = 0; i < count_; ++i) {
            Held& held = held_[(first_ + i) % most_];
            if (held.there && is_it(held.what)) {
                held.there = false;
                count(held.due, -1);
                return held.what;
            }
        }
        return std::nullopt;
    }

    /// Any thread: what was not given back yet though its time is over.
    uint32_t over(vnet::flow::Tick now) const noexcept {
        const uint32_t held = counted_.held(now);
        const uint32_t there = there_.load(std::memory_order_relaxed);
        return there < held ? 0 : there - held;
    }

private:
    struct Held {
        vnet::flow::Tick due;
        bool there;
        What what;
    };
    template <class Release>
    void let_go(const Release& release) noexcept {
        const Held held = held_[first_];
        first_ = first_ + 1 == most_ ? 0 : first_ + 1;
        --count_;
        if (held.there) {
            count(held.due, -1);
            release(held.what);
        }
    }

    void count(vnet::flow::Tick due, int change) noexcept {
        there_.store(there_.load(std::memory_order_relaxed) + uint32_t(change),
                     std::memory_order_relaxed);
        counted_.count(due, change);
        if (all_ != nullptr) {
            all_->count(due, change);
        }
    }

    const uint32_t most_;
    const vnet::flow::Tick ticks_;
    uint32_t first_ = 0;
    uint32_t count_ = 0;
    std::unique_ptr<Held[]> held_;
    std::atomic<uint32_t> there_{0};
    HeldCount counted_;
    std::shared_ptr<HeldCount> all_;
};

}  // namespace nat44
