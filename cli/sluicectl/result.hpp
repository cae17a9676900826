// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <optional>
#include <ostream>
#include <string>

#include "api/grammar/place.hpp"
#include "cli/sluicectl/screen.hpp"

namespace cli {

/// What the program ends with.
enum class Exit : int {
    ok = 0,
    /// The daemon understood and said no.
    refused = 1,
    /// The line, or an option of the program, is not understood.
    not_understood = 2,
    no_daemon = 3,
};

/// How a line went.
struct Result {
    absl::Status status;
    Exit exit = Exit::ok;
    /// The line asks to leave the shell.
    bool leave = false;

    bool ok() const { return status.ok(); }

    static Result not_understood(absl::Status status);
    /// From the outcome of a call: no daemon, or its refusal.
    static Result of_call(absl::Status status);
};

/// How errors are told.
struct Reporting {
    bool json = false;
    /// Where they are written to.
    Screen screen;
    /// The cells in front of a line that the reader has just typed: the mark below it is moved by
    /// them. Elsewhere the line is shown again.
    std::optional<std::size_t> typed_behind;
};

/// Writes the error as one line: "error: FILE:3: sentence", or as JSON. `file` ("setup:3") may be
/// empty. On a terminal the wrong word of `line` is marked above it.
void report(const Result& result, const std::string& file, std::string_view line,
            const Reporting& how, std::ostream& err);

}  // namespace cli
