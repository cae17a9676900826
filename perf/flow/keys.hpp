// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "vnet/flow/table.hpp"

namespace perf::flow {

/// 64 bits that look random, of a number; no two of the same number's neighbours are alike
/// (Steele, Lea and Flood, OOPSLA 2014).
constexpr uint64_t mix(uint64_t number) noexcept {
    uint64_t bits = number + 0x9e37'79b9'7f4a'7c15;
    bits = (bits ^ bits >> 30) * 0xbf58'476d'1ce4'e5b9;
    bits = (bits ^ bits >> 27) * 0x94d0'49bb'1331'11eb;
    return bits ^ bits >> 31;
}

/// Session `number` of a translation of addresses and ports: hosts anywhere, 256 addresses outside.
vnet::flow::Table::Making session(uint64_t number) noexcept;

/// Key `number`: of session `number` / 2, forward where it is even, reverse where it is odd.
inline vnet::flow::Key key(uint64_t number) noexcept {
    const vnet::flow::Table::Making made = session(number / 2);
    return number % 2 == 0 ? made.forward : made.reverse;
}

/// From here on numbers are of no session that a table was filled with.
constexpr uint64_t strangers = uint64_t{1} << 40;

/// `count` keys as packets bring them: random ones of the first `keys`, or of as many strangers.
std::vector<vnet::flow::Key> random_keys(uint64_t keys, size_t count, bool strange);

}  // namespace perf::flow
