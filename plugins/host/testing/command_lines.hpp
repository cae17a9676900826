// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "api/grammar/grammar.hpp"
#include "api/registry.hpp"

namespace plugins::host::testing {

/// Runs command lines in the daemon's own process: what the shell does, without a socket. It knows
/// the methods that are registered when it is made. Control thread.
class CommandLines {
public:
    explicit CommandLines(const api::Registry& registry);

    /// The replies as JSON texts.
    absl::StatusOr<std::vector<std::string>> run(const std::string& line) const;

private:
    const api::Registry& registry_;
    api::grammar::TextForms forms_;
    api::grammar::Grammar grammar_;
};

}  // namespace plugins::host::testing
