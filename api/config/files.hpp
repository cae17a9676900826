// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace api::config {

/// The largest configuration that is read, in bytes.
constexpr std::size_t longest_file = std::size_t{64} << 20;

/// A whole file of text. The error names the path and what is wrong with it.
absl::StatusOr<std::string> read_file(const std::string& path);

/// Puts a file in the place of another one, or nowhere: it is written beside it, made durable, and
/// renamed. Keeps the mode and the owner of the one that was there, 0640 otherwise; where it may
/// not give files away, its own group gets no more than everybody had.
absl::Status write_file(const std::string& path, std::string_view text);

}  // namespace api::config
