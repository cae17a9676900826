// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/stamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "plugins/host/own_stamp.hpp"

namespace plugins::host {

namespace {
constexpr size_t longest_stamp = 4096;
}  // namespace

absl::StatusOr<Stamp> Stamp::parse(std::string_view text) {
    Stamp stamp;
    const bool printable = std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c == '\n' || std::isprint(c) != 0;
    });
    if (text.size() > longest_stamp || !printable) {
        return absl::InvalidArgumentError(
            "has a build stamp that is no text; build the plugin with sluice_plugin()");
    }
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        const std::string_view key = line.substr(0, equals);
        const std::string value(line.substr(equals + 1));
        if (key == "product") {
            stamp.product = value;
        } else if (key == "headers") {
            stamp.headers = value;
        } else if (key == "compiler") {
            stamp.compiler = value;
        } else if (key == "sanitizers") {
            stamp.sanitizers = value;
        } else if (key == "proto") {
            stamp.protos.push_back(value);
        }
    }
    if (stamp.product.empty() || stamp.headers.empty() || stamp.compiler.empty() ||
        stamp.sanitizers.empty()) {
        return absl::InvalidArgumentError(
            "has a build stamp without product, headers, compiler and sanitizers; build the plugin "
            "with sluice_plugin()");
    }
    return stamp;
}

std::string Stamp::to_string() const {
    return fmt::format("sluice {} (headers {}, compiler {}, sanitizers {})", product, headers,
                       compiler, sanitizers);
}

absl::Status Stamp::matches(const Stamp& host, std::string_view plugin) const {
    if (product == host.product && headers == host.headers && compiler == host.compiler &&
        sanitizers == host.sanitizers) {
        return absl::OkStatus();
    }
    return absl::FailedPreconditionError(
        fmt::format("plugin '{}' was built for {}, and this is {}; build it again for "
                    "this one",
                    plugin, to_string(), host.to_string()));
}

const Stamp& Stamp::own() {
    static const Stamp stamp = *parse(own_stamp_text());
    return stamp;
}

}  // namespace plugins::host
