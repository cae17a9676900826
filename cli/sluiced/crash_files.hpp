// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace cli {

/// Removes the oldest crash reports of a folder, so that `most` are left: a daemon that is started
/// again and again, and dies each time, fills no disk. Other files stay, and so does what cannot be
/// removed. Nothing is done for an empty name. Before the daemon serves.
void keep_last_reports(const std::string& directory, std::size_t most);

}  // namespace cli
