// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "graph/stable_array.hpp"

/// Records that one worker writes and others read whole or not at all, without locks. A record has
/// a member `uint32_t version`, the upper half of a word of 8 bytes, that is odd while there is
/// something in it and never the same for two of them (until it wraps), and a member `uint32_t
/// next` for who chains free ones.
namespace vnet::flow {

/// Stores a field so that readers elsewhere may look at it.
template <class T>
inline void store_shared(T& field, std::type_identity_t<T> value) noexcept {
    std::atomic_ref<T>(field).store(value, std::memory_order_relaxed);
}

namespace detail {
template <class T>
using WordsOf = std::array<uint64_t, sizeof(T) / sizeof(uint64_t)>;
template <class T>
constexpr size_t version_word = offsetof(T, version) / sizeof(uint64_t);
}  // namespace detail

/// Any thread: what is there at this moment; nothing where there is nothing.
template <class T>
std::optional<T> copy_versioned(const T& shared) noexcept {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) >= alignof(uint64_t));
    auto& self = const_cast<T&>(shared);
    auto* words = reinterpret_cast<uint64_t*>(&self);
    const std::atomic_ref<uint32_t> version(self.version);
    // What is written while somebody reads is rare, and what comes next is another one.
    for (unsigned attempt = 0; attempt < 4; ++attempt) {
        const uint32_t before = version.load(std::memory_order_acquire);
        if (before % 2 == 0) {
            return std::nullopt;
        }
        detail::WordsOf<T> copied;
        for (size_t i = 0; i < copied.size(); ++i) {
            // Acquire: the second look at the version comes behind it.
            copied[i] = std::atomic_ref<uint64_t>(words[i]).load(std::memory_order_acquire);
        }
        if (version.load(std::memory_order_relaxed) == before) {
            return std::bit_cast<T>(copied);
        }
    }
    return std::nullopt;
}

/// The writer: puts a record where none is.
template <class T>
void begin_versioned(T& shared, const T& made) noexcept {
    constexpr size_t version_at = detail::version_word<T>;
    static_assert(offsetof(T, version) == version_at * sizeof(uint64_t) + sizeof(uint32_t));
    const auto from = std::bit_cast<detail::WordsOf<T>>(made);
    auto* words = reinterpret_cast<uint64_t*>(&shared);
    for (size_t i = 0; i < from.size(); ++i) {
        if (i != version_at) {
            // Release: who sees it sees that what was there before has ended.
            std::atomic_ref<uint64_t>(words[i]).store(from[i], std::memory_order_release);
        }
    }
    auto* halves = reinterpret_cast<uint32_t*>(words + version_at);
    std::atomic_ref<uint32_t>(halves[0]).store(uint32_t(from[version_at]),
                                               std::memory_order_release);
    std::atomic_ref<uint32_t>(shared.version).store(shared.version + 1, std::memory_order_release);
}

/// The writer: takes it out.
template <class T>
void end_versioned(T& shared) noexcept {
    std::atomic_ref<uint32_t>(shared.version).store(shared.version + 1, std::memory_order_release);
}

/// Records at numbers from 1 on, as many as there may be; memory is taken as they come, and those
/// given back are used first. One thread changes it, any thread reads.
template <class T>
class Slab {
public:
    explicit Slab(uint32_t capacity)
        : capacity_(capacity), records_(size_t{capacity} + 1, graph::Pages::large) {}

    /// A place for a record, to be begun or given back; 0 where there is none.
    uint32_t take() noexcept {
        if (free_ != 0) {
            const uint32_t index = free_;
            free_ = records_[index].next;
            return index;
        }
        const uint32_t highest = highest_.load(std::memory_order_relaxed);
        if (highest == capacity_) {
            return 0;
        }
        highest_.store(highest + 1, std::memory_order_release);
        return highest + 1;
    }
    /// One in which there is no record any more.
    void give(uint32_t index) noexcept {
        store_shared(records_[index].next, free_);
        free_ = index;
    }
    T& operator[](uint32_t index) noexcept { return records_[index]; }
    const T& operator[](uint32_t index) const noexcept { return records_[index]; }

    // ---- any thread ----
    /// Records lie at 1 to highest(); copy_versioned() reads one.
    uint32_t highest() const noexcept { return highest_.load(std::memory_order_acquire); }
    uint32_t capacity() const noexcept { return capacity_; }
    graph::MemoryUse memory() const noexcept { return records_.memory(); }
    graph::StableArray<T>& array() noexcept { return records_; }

private:
    const uint32_t capacity_;
    graph::StableArray<T> records_;
    uint32_t free_ = 0;
    std::atomic<uint32_t> highest_{0};
};

}  // namespace vnet::flow
