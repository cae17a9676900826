// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/escape.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace api::grammar {
namespace {

struct Character {
    char32_t code = 0;
    /// In bytes; 0 where the bytes are not UTF-8.
    std::size_t size = 0;
};

/// The first character of a text that is not empty.
Character decode(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) {
        return {};
    }
    char32_t code = lead & (0xff >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return {};
        }
        code = code << 6 | (byte(i) & 0x3f);
    }
    const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return overlong || surrogate || code > 0x10ffff ? Character{} : Character{code, size};
}

bool commands_a_terminal(char32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool is_plain_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character c = decode(text);
        if (c.size == 0) {
            return false;
        }
        text.remove_prefix(c.size);
    }
    return true;
}

std::string escape_for_terminal(std::string_view text, bool keep_lines) {
    if (is_plain_ascii(text)) {
        return std::string(text);
    }
    std::string out;
    while (!text.empty()) {
        const Character c = decode(text);
        const std::size_t size = std::max<std::size_t>(c.size, 1);
        const bool kept = keep_lines && (c.code == '\n' || c.code == '\t');
        if (c.size != 0 && (kept || !commands_a_terminal(c.code))) {
            out += text.substr(0, size);
        } else {
            for (const char b : text.substr(0, size)) {
                out += fmt::format("\\x{:02x}", static_cast<unsigned char>(b));
            }
        }
        text.remove_prefix(size);
    }
    return out;
}

std::string quote_json(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const Character c = decode(text);
        if (c.size == 0) {
            out += "\\ufffd";
        } else if (c.code == '"' || c.code == '\\') {
            out += {'\\', static_cast<char>(c.code)};
        } else if (c.code == '\n') {
            out += "\\n";
        } else if (commands_a_terminal(c.code)) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c.code));
        } else {
            out += text.substr(0, c.size);
        }
        text.remove_prefix(std::max<std::size_t>(c.size, 1));
    }
    return out + '"';
}

std::size_t cells(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

}  // namespace api::grammar
