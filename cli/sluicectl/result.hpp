// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <ostream>
#include <string>

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

/// Writes the error as one line: "error: PLACE: sentence", or as JSON. `place` ("file:3") may be
/// empty.
void report(const Result& result, const std::string& place, bool json, std::ostream& err);

}  // namespace cli
