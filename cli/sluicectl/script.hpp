// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "cli/sluicectl/session.hpp"

namespace cli {

/// Runs the lines of a stream until the first error, which is reported with `name` and the line's
/// number, or until a line asks to leave. Empty lines and comments are passed over.
Exit run_script(Session& session, std::istream& in, const std::string& name,
                const Reporting& reporting, std::ostream& err);

}  // namespace cli
