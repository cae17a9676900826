// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace api::config {

/// A time as the service tells it: "2026-01-31T12:00:00Z".
std::string utc(absl::Time time);

/// What ran before the last commits. Kept in memory, and in a folder where there is one, so that a
/// restart forgets nothing: a file for each, named by a number that grows, with time and comment in
/// comment lines in front of the statements. Control thread.
class History {
public:
    static constexpr std::size_t most = 50;

    struct Revision {
        /// Of the commit that ended it.
        absl::Time until;
        std::string comment;
        std::string text;
    };

    /// In memory only.
    History() = default;
    /// Reads what a folder has; it need not exist. What cannot be read is left out, with a warning
    /// in `warnings`.
    static History open(std::string folder, std::vector<std::string>& warnings);

    /// The new one becomes 1, and the oldest beyond `most` is forgotten. An error is one of the
    /// folder: it is kept in memory all the same.
    absl::Status add(Revision revision);
    /// 1 is the newest. NOT_FOUND says how many there are.
    absl::StatusOr<const Revision*> get(std::uint64_t number) const;
    const std::deque<Revision>& all() const { return revisions_; }

private:
    std::string folder_;
    /// Newest first; files_ are their numbers.
    std::deque<Revision> revisions_;
    std::deque<std::uint64_t> files_;
};

}  // namespace api::config
