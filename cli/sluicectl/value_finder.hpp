// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "cli/sluicectl/backend.hpp"
#include "cli/sluicectl/schema.hpp"

namespace cli {

/// The values that a field could have now: the texts of "service.Method:field" as the daemon has
/// them, a thousand at most. Nothing where it does not answer within half a second.
std::set<std::string> live_values(const std::string& source, const Schema& schema,
                                  Backend& backend);

/// The paths of files on this machine that begin so; folders end with "/".
std::set<std::string> paths(std::string_view beginning);

}  // namespace cli
