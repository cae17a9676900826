// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/session.hpp"

#include <array>
#include <bit>

namespace vnet::flow {

namespace {

/// A session as words, which no reader sees in halves.
using Words = std::array<uint64_t, sizeof(Session) / sizeof(uint64_t)>;

/// The word that the version is in, which is read first and again at the end.
constexpr size_t version_word = offsetof(Session, version) / sizeof(uint64_t);
static_assert(offsetof(Session, last_seen) / sizeof(uint64_t) == version_word);

}  // namespace

std::optional<Session> Session::copy() const noexcept {
    auto* self = const_cast<Session*>(this);
    auto* words = reinterpret_cast<uint64_t*>(self);
    const std::atomic_ref<uint32_t> shared_version(self->version);
    // What is written while somebody reads is rare, and the next one is another session.
    for (unsigned attempt = 0; attempt < 4; ++attempt) {
        const uint32_t before = shared_version.load(std::memory_order_acquire);
        if (before % 2 == 0) {
            return std::nullopt;
        }
        Words copied;
        for (size_t i = 0; i < copied.size(); ++i) {
            // Acquire: the second look at the version comes behind it.
            copied[i] = std::atomic_ref<uint64_t>(words[i]).load(std::memory_order_acquire);
        }
        if (shared_version.load(std::memory_order_relaxed) == before) {
            return std::bit_cast<Session>(copied);
        }
    }
    return std::nullopt;
}

void Session::begin(const Session& made) noexcept {
    const auto from = std::bit_cast<Words>(made);
    auto* words = reinterpret_cast<uint64_t*>(this);
    for (size_t i = 0; i < from.size(); ++i) {
        if (i != version_word) {
            // Release: who sees it sees that the session before has ended.
            std::atomic_ref<uint64_t>(words[i]).store(from[i], std::memory_order_release);
        }
    }
    store(last_seen, made.last_seen);
    std::atomic_ref<uint32_t>(version).store(version + 1, std::memory_order_release);
}

void Session::end() noexcept {
    std::atomic_ref<uint32_t>(version).store(version + 1, std::memory_order_release);
}

}  // namespace vnet::flow
