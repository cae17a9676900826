// SPDX-License-Identifier: Apache-2.0
#include "api/server/roles.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "api/file.hpp"

namespace api {
namespace {

constexpr std::size_t longest_file = 1 << 20;
/// No file system that we know has a clock that is coarser.
constexpr time_t coarsest_tick_s = 2;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const std::size_t first = text.find_first_not_of(blanks);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<Role> role_named(std::string_view word) {
    if (word == to_string(Role::read)) {
        return Role::read;
    }
    if (word == to_string(Role::write)) {
        return Role::write;
    }
    return std::nullopt;
}

/// One line into `roles`; what is wrong with it, or nothing.
std::string add_line(std::string_view line, Roles& roles) {
    const std::size_t blank = line.find_last_of(" \t");
    const std::string_view word = blank == std::string_view::npos ? line : line.substr(blank + 1);
    const std::string_view name =
        blank == std::string_view::npos ? std::string_view() : trimmed(line.substr(0, blank));
    const auto role = role_named(word);
    if (!role || name.empty()) {
        return fmt::format(
            "'{}' gives nobody a role: write a certificate's name, a blank, and read or write",
            line);
    }
    const auto [entry, is_new] = roles.emplace(name, *role);
    return is_new || entry->second == *role
               ? ""
               : fmt::format("'{}' has another role above: give each name one line", name);
}

}  // namespace

absl::StatusOr<Roles> parse_roles(std::string_view text, std::string_view place) {
    Roles roles;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        if (const std::string problem = add_line(line, roles); !problem.empty()) {
            return absl::InvalidArgumentError(fmt::format("{}:{}: {}", place, number, problem));
        }
    }
    return roles;
}

absl::StatusOr<std::unique_ptr<RoleFile>> RoleFile::open(const std::string& path,
                                                         OnProblem on_problem) {
    std::unique_ptr<RoleFile> file(new RoleFile(path, std::move(on_problem)));
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        return absl::ErrnoToStatus(errno, fmt::format("cannot read the roles file {}", path));
    }
    if (auto status = file->read(found); !status.ok()) {
        return status;
    }
    return file;
}

std::optional<Role> RoleFile::role_of(const std::vector<std::string>& names) {
    const std::lock_guard lock(mutex_);
    refresh();
    std::optional<Role> role;
    for (const auto& name : names) {
        const auto entry = roles_.find(name);
        if (entry != roles_.end() && role != Role::write) {
            role = entry->second;
        }
    }
    return role;
}

void RoleFile::refresh() {
    struct stat found {};
    absl::Status status;
    if (::stat(path_.c_str(), &found) != 0) {
        status = absl::ErrnoToStatus(errno, fmt::format("cannot read the roles file {}", path_));
        seen_ = {};
    } else if (is_fresh_ || !is_as_read(found)) {
        status = read(found);
    } else {
        return;
    }
    if (std::string(status.message()) != problem_) {
        problem_ = std::string(status.message());
        if (!status.ok() && on_problem_) {
            on_problem_(problem_ + "; the roles that were read before still count");
        }
    }
}

bool RoleFile::is_as_read(const struct stat& found) const {
    return found.st_ino == seen_.st_ino && found.st_dev == seen_.st_dev &&
           found.st_size == seen_.st_size && found.st_mtim.tv_sec == seen_.st_mtim.tv_sec &&
           found.st_mtim.tv_nsec == seen_.st_mtim.tv_nsec;
}

absl::Status RoleFile::read(const struct stat& found) {
    seen_ = found;
    is_fresh_ = ::time(nullptr) - found.st_mtim.tv_sec <= coarsest_tick_s;
    const File file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::string text(longest_file + 1, '\0');
    const ssize_t length = file ? ::read(file.get(), text.data(), text.size()) : -1;
    if (length < 0) {
        return absl::ErrnoToStatus(errno, fmt::format("cannot read the roles file {}", path_));
    }
    if (std::size_t(length) > longest_file) {
        return absl::InvalidArgumentError(
            fmt::format("the roles file {} is longer than {} MiB: give a shorter one", path_,
                        longest_file >> 20));
    }
    text.resize(std::size_t(length));
    auto roles = parse_roles(text, path_);
    if (roles.ok()) {
        roles_ = *std::move(roles);
    }
    return roles.status();
}

}  // namespace api
