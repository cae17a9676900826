// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/counter.hpp"
#include "graph/packet.hpp"

namespace graph {

/// Packets from one worker to another: a bounded ring with one producer and one consumer. Nobody
/// waits; a full lane refuses. Packets still in it when it goes are freed.
class Lane {
public:
    /// `capacity`: a power of two.
    explicit Lane(unsigned capacity);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    /// The producer: takes the first of `packets`, as many as there is room for. Returns how many;
    /// the others stay the caller's.
    unsigned push(std::span<Packet* const> packets) noexcept;
    /// The consumer: as many as there are and fit, oldest first. Returns how many.
    unsigned pop(std::span<Packet*> packets) noexcept;

    // ---- any thread ----
    unsigned capacity() const noexcept { return mask_ + 1; }
    uint64_t pushed() const noexcept { return pushed_.load(std::memory_order_acquire); }
    uint64_t popped() const noexcept { return popped_.load(std::memory_order_acquire); }
    /// Packets that were refused, as the lane was full.
    uint64_t refused() const noexcept { return refused_.read(); }

private:
    const unsigned mask_;
    const std::unique_ptr<Packet*[]> places_;
    /// The producer's: how far it is, and how far it last saw the consumer.
    alignas(64) std::atomic<uint64_t> pushed_{0};
    uint64_t popped_seen_ = 0;
    Counter refused_;
    /// The consumer's.
    alignas(64) std::atomic<uint64_t> popped_{0};
};

/// A lane from each worker to each other one, and for each worker a word that says which lanes to
/// it have news: an idle worker reads that one word.
class Lanes {
public:
    Lanes(unsigned workers, unsigned capacity);

    /// Worker `from`: hands packets over to `to`, another worker, as many as there is room for.
    /// Each begins there at the node Metadata::start. Returns how many. Who handed something over
    /// wakes `to` (Worker::wake).
    unsigned push(unsigned from, unsigned to, std::span<Packet* const> packets) noexcept;
    /// Worker `to`: whether there may be something for it.
    bool news(unsigned to) const noexcept {
        return receivers_[to].news.load(std::memory_order_relaxed) != 0;
    }
    /// Worker `to`: calls `take(packets)` for the packets of each lane that has some, at most one
    /// vector each. Returns how many there were.
    template <class Take>
    unsigned drain(unsigned to, Take take) noexcept {
        if (!news(to)) [[likely]] {
            return 0;
        }
        unsigned total = 0;
        // An exchange that acquires: what was pushed before a bit was set is seen below.
        uint64_t bits = receivers_[to].news.exchange(0, std::memory_order_acq_rel);
        uint64_t rest = 0;
        for (; bits != 0; bits &= bits - 1) {
            const auto from = unsigned(std::countr_zero(bits));
            Packet* packets[vector_size];
            const unsigned count = lane(from, to).pop(packets);
            if (count == vector_size) {
                rest |= uint64_t(1) << from;
            }
            if (count != 0) {
                take(std::span<Packet* const>(packets, count));
                total += count;
            }
        }
        if (rest != 0) {
            receivers_[to].news.fetch_or(rest, std::memory_order_release);
        }
        return total;
    }

    // ---- control thread ----

    /// The workers must not run: frees what is under way.
    void clear() noexcept;
    /// Returns when all that `from` had handed over before the call has been taken. The workers
    /// must run.
    void wait_passed(unsigned from) const noexcept;
    unsigned workers() const noexcept { return workers_; }
    const Lane& lane(unsigned from, unsigned to) const noexcept {
        return *lanes_[size_t(from) * workers_ + to];
    }

private:
    static_assert(max_workers <= 64);
    struct alignas(64) Receiver {
        /// Bit n: the lane from worker n may hold something.
        std::atomic<uint64_t> news{0};
    };
    Lane& lane(unsigned from, unsigned to) noexcept {
        return *lanes_[size_t(from) * workers_ + to];
    }

    const unsigned workers_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    const std::unique_ptr<Receiver[]> receivers_;
};

}  // namespace graph
