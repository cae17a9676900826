// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "plugins/nat44/ports.hpp"

namespace nat44 {

/// What a port ought to be, where such a one is free: RTP wants even ports, RTCP odd ones (RFC 4787
/// 4.2.2, REQ-4).
enum class Parity : uint8_t { even, odd, any };
constexpr Parity parity_of(uint16_t port) noexcept {
    return Parity(port & 1);
}

/// Which ports of one outside address and one protocol are taken, in the part of one worker: for
/// endpoint-independent mappings, where a port has one inside host (RFC 4787 REQ-1; never two,
/// REQ-3). One bit a port. Control makes it, one worker changes it, any thread may ask how many are
/// used. Allocates when it is made only.
class PortBitmap {
public:
    explicit PortBitmap(PortRange part);
    PortBitmap(const PortBitmap&) = delete;
    PortBitmap& operator=(const PortBitmap&) = delete;

    // ---- its worker ----

    /// Takes this very port: the host's own, or that of a static mapping. False where it is taken
    /// or not of this part.
    bool take(uint16_t port) noexcept;

    /// Takes a random free port, of the parity if one such is free (RFC 6056 3.3.1; `random` is any
    /// 32 bits that nobody outside can guess). None where all are taken. Looks mostly at one word
    /// of 64 ports, at four random ones before it looks along all of them, once for the parity and
    /// once for any: some 30 clocks while a tenth is free, 1500 for the last port of 64512.
    std::optional<uint16_t> claim(uint32_t random, Parity parity = Parity::any) noexcept {
        return claim_in(part_, random, parity);
    }
    /// The same among some ports of the part, as the block of a host. None where these are not of
    /// the part.
    std::optional<uint16_t> claim_in(PortRange among, uint32_t random,
                                     Parity parity = Parity::any) noexcept;

    /// A port may be taken again. Nothing happens where it was not taken.
    void release(uint16_t port) noexcept;

    bool is_taken(uint16_t port) const noexcept {
        return part_.contains(port) && (words_[index_of(port) / 64] & bit_of(port)) != 0;
    }

    // ---- any thread ----

    PortRange part() const noexcept { return part_; }
    uint32_t used() const noexcept {
        return used_[0].load(std::memory_order_relaxed) + used_[1].load(std::memory_order_relaxed);
    }

private:
    uint32_t index_of(uint16_t port) const noexcept { return uint32_t(port) - part_.first; }
    uint64_t bit_of(uint16_t port) const noexcept { return uint64_t{1} << index_of(port) % 64; }
    bool has_free(Parity parity) const noexcept;
    std::optional<uint16_t> find(PortRange among, uint32_t random, Parity parity) const noexcept;
    void count(uint16_t port, int change) noexcept;

    const PortRange part_;
    /// How many are taken, even and odd ones.
    std::array<std::atomic<uint32_t>, 2> used_{};
    std::unique_ptr<uint64_t[]> words_;
};

}  // namespace nat44
