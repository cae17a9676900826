// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/wrap.hpp"

#include "api/grammar/escape.hpp"

namespace api::grammar {
namespace {

/// As much of the text as fills `width` cells, in whole characters.
std::string_view head(std::string_view text, std::size_t width) {
    std::size_t end = 0;
    std::size_t taken = 0;
    while (end < text.size()) {
        const bool begins = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
        if (begins && taken++ == width) {
            break;
        }
        ++end;
    }
    return text.substr(0, end);
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    while (width > 0 && cells(text) > width) {
        const std::string_view most = head(text, width);
        // A blank right behind is as good as one within.
        const std::size_t blank = text.substr(0, most.size() + 1).rfind(' ');
        const bool at_blank = blank != std::string_view::npos && blank > 0;
        lines.emplace_back(text.substr(0, at_blank ? blank : most.size()));
        text.remove_prefix(at_blank ? blank + 1 : most.size());
    }
    if (!text.empty() || lines.empty()) {
        lines.emplace_back(text);
    }
    return lines;
}

}  // namespace api::grammar
