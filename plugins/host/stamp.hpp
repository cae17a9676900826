// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace plugins::host {

/// What an object was built of: the section .sluice.stamp of a plugin, and the same of the host
/// itself.
struct Stamp {
    static constexpr std::string_view section = ".sluice.stamp";

    /// The product's version, "0.1.0".
    std::string product;
    /// Hash over the public headers.
    std::string headers;
    /// The compiler and its major version, "GNU-12".
    std::string compiler;
    /// "none", or those it was built with.
    std::string sanitizers;
    /// The .proto files that are compiled into the object.
    std::vector<std::string> protos;

    /// Reads lines of key=value. INVALID_ARGUMENT where one that matters is missing or the text is
    /// none.
    static absl::StatusOr<Stamp> parse(std::string_view text);
    /// That of this host.
    static const Stamp& own();

    /// FAILED_PRECONDITION says which versions meet. `plugin` is for the sentence.
    absl::Status matches(const Stamp& host, std::string_view plugin) const;
    std::string to_string() const;
};

}  // namespace plugins::host
