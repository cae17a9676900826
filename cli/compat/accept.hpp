// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/schema/schema.hpp"

namespace cli::compat {

/// What is in one and not in the other, a line each, in the order of the files: "- field ..." for
/// what is only in `released`, "+ field ..." for what is only in `now`.
std::vector<std::string> differences(const schema::Schema& released, const schema::Schema& now);

/// Makes `folder` hold the files of `now`, without comments, and no other .proto file. Throws
/// std::runtime_error where a file cannot be written.
void write_released(const schema::Schema& now, const std::filesystem::path& folder);

/// The .proto files in a folder, named from there; none where there is no such folder.
std::vector<std::string> released_files(const std::filesystem::path& folder);

}  // namespace cli::compat
