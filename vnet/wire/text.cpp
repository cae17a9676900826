// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/text.hpp"

#include <absl/strings/escaping.h>
#include <fmt/format.h>

namespace vnet::wire {

std::string quoted(std::string_view text) {
    constexpr std::size_t longest = 64;
    const bool cut = text.size() > longest;
    const std::string_view shown = text.substr(0, longest);
    return fmt::format("\"{}{}\"", absl::CHexEscape({shown.data(), shown.size()}),
                       cut ? "..." : "");
}

}  // namespace vnet::wire
