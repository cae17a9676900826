// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/stat.h>

#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/method.hpp"

namespace api {

/// Names and what each may do.
using Roles = std::map<std::string, Role, std::less<>>;

/// Reads lines "NAME read" and "NAME write"; a name may have blanks in it, `#` begins a comment
/// line. The error begins with "PLACE:LINE: ".
absl::StatusOr<Roles> parse_roles(std::string_view text, std::string_view place);

/// A file of roles, read anew when it has changed. Any thread.
class RoleFile {
public:
    /// Told once of each version of the file that cannot be used: until a better one, the last good
    /// one counts. Called where role_of() was. May be empty.
    using OnProblem = std::function<void(const std::string& sentence)>;

    static absl::StatusOr<std::unique_ptr<RoleFile>> open(const std::string& path,
                                                          OnProblem on_problem);

    /// The greatest role of these names; empty where the file has none of them.
    std::optional<Role> role_of(const std::vector<std::string>& names);
    const std::string& path() const { return path_; }

private:
    RoleFile(std::string path, OnProblem on_problem)
        : path_(std::move(path)), on_problem_(std::move(on_problem)) {}

    /// The rest has mutex_ held.
    void refresh();
    absl::Status read(const struct stat& found);
    bool is_as_read(const struct stat& found) const;

    const std::string path_;
    const OnProblem on_problem_;
    std::mutex mutex_;
    Roles roles_;
    /// The file as it was when it was read.
    struct stat seen_ {};
    /// It was read so soon after it was written that it may have been written again since, within
    /// the same tick of the file system's clock.
    bool is_fresh_ = false;
    std::string problem_;
};

}  // namespace api
