// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cli::hostile {

/// Bytes that decide, one after another; zeros when they are used up, so that whatever they decide
/// comes to an end.
class Decisions {
public:
    explicit Decisions(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    bool any_left() const { return !bytes_.empty(); }

    std::uint8_t byte() {
        if (bytes_.empty()) {
            return 0;
        }
        const std::uint8_t first = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return first;
    }

    /// 0 to `count` - 1, for a count of at most 256.
    std::size_t below(std::size_t count) { return byte() % count; }

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) {
            value = value << 8 | byte();
        }
        return value;
    }

    /// Up to 255 bytes as they are.
    std::string text() {
        std::string all;
        for (std::size_t length = byte(); length > 0 && any_left(); --length) {
            all.push_back(static_cast<char>(byte()));
        }
        return all;
    }

private:
    std::span<const std::uint8_t> bytes_;
};

}  // namespace cli::hostile
