// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "cli/sluicectl/result.hpp"

namespace cli {

class Session;

/// `help WORDS`: the commands that begin so, a line each; where they are few, all about them.
Result show_help(Session& session, std::string_view words);

}  // namespace cli
