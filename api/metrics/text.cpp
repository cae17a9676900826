// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>

namespace api::metrics {

namespace {

/// Bytes of the UTF-8 sequence that `text` begins with; 0 where it is none (RFC 3629 4).
size_t sequence_length(std::string_view text) {
    const auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : uint8_t(0); };
    const auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
    if (byte(0) < 0x80) {
        return 1;
    }
    if (byte(0) >= 0xc2 && byte(0) < 0xe0 && follows(1)) {
        return 2;
    }
    if ((byte(0) & 0xf0) == 0xe0 && follows(1) && follows(2)) {
        const unsigned code = (byte(0) & 0xfU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
        return code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 3 : 0;
    }
    if (byte(0) >= 0xf0 && byte(0) < 0xf5 && follows(1) && follows(2) && follows(3)) {
        const unsigned top = (byte(0) & 7U) << 6 | (byte(1) & 0x3fU);
        return top >= 0x10 && top < 0x110 ? 4 : 0;
    }
    return 0;
}

std::string number(const Value& value) {
    if (const auto* whole = std::get_if<uint64_t>(&value)) {
        return std::to_string(*whole);
    }
    const double real = std::get<double>(value);
    if (std::isnan(real)) {
        return "NaN";
    }
    if (std::isinf(real)) {
        return real > 0 ? "+Inf" : "-Inf";
    }
    return fmt::format("{}", real);
}

std::string_view suffix(Kind kind) {
    switch (kind) {
        case Kind::counter:
            return "_total";
        case Kind::info:
            return "_info";
        case Kind::gauge:
            break;
    }
    return "";
}

void write_head(std::string& text, const Family& family, Format format) {
    const bool open = format == Format::openmetrics;
    // The older format describes samples by their full names, and has no kind for information.
    const std::string name = family.name + std::string(open ? "" : suffix(family.kind));
    const auto kind = !open && family.kind == Kind::info ? Kind::gauge : family.kind;
    auto out = std::back_inserter(text);
    fmt::format_to(out, "# TYPE {} {}\n", name, to_string(kind));
    if (open && !family.unit.empty()) {
        fmt::format_to(out, "# UNIT {} {}\n", name, family.unit);
    }
    fmt::format_to(out, "# HELP {} {}\n", name, escaped(family.help));
}

}  // namespace

Format format_for(std::string_view accept) {
    std::string lower(accept);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    const auto names = [&](const char* type) { return lower.find(type) != std::string::npos; };
    const bool only_older = !names("application/openmetrics-text") && names("text/plain");
    return only_older ? Format::prometheus : Format::openmetrics;
}

std::string_view content_type(Format format) {
    return format == Format::openmetrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

std::string escaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const size_t length = sequence_length(text);
        if (length == 0) {
            out += "\xef\xbf\xbd";
        } else if (text.front() == '\n') {
            out += "\\n";
        } else {
            out += text.front() == '\\' || text.front() == '"' ? "\\" : "";
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<size_t>(length, 1));
    }
    return out;
}

std::string render(const Page& page, Format format) {
    std::string text;
    auto out = std::back_inserter(text);
    for (const Collected& collected : page) {
        if (collected.samples.empty()) {
            continue;
        }
        const Family& family = *collected.family;
        write_head(text, family, format);
        for (const Sample& sample : collected.samples) {
            fmt::format_to(out, "{}{}", family.name, suffix(family.kind));
            if (!sample.labels.empty()) {
                fmt::format_to(out, "{{{}}}", sample.labels);
            }
            fmt::format_to(out, " {}\n", number(sample.value));
        }
    }
    return text + (format == Format::openmetrics ? "# EOF\n" : "");
}

}  // namespace api::metrics
