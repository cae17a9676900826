// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/config/configuration.hpp"
#include "api/config/history.hpp"

namespace api::config {

/// What the operators of a router share: the candidate, the commits, and a commit that waits to be
/// confirmed. Control thread.
class Session {
public:
    struct Options {
        /// The file that the daemon reads at its start; revisions are kept in the folder
        /// `<file>.revisions`. Both in memory only where it is empty.
        std::string startup_file;
        /// Told of what nobody asked for: a commit that went back, a revision that could not be
        /// kept. May be empty.
        std::function<void(const std::string&)> on_warning;
    };

    /// Numbers of lines.
    struct Size {
        std::size_t removed = 0;
        std::size_t added = 0;
    };

    /// `registry` and `control` outlive it.
    Session(const Registry& registry, boost::asio::io_context& control, Options options);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    absl::StatusOr<Document> running() { return configuration_.running(); }
    absl::StatusOr<Document> candidate();
    const History& history() const { return history_; }
    const std::string& startup_file() const { return options_.startup_file; }

    /// Writes what runs; to the startup file where `path` is empty. Returns where to, and how many
    /// lines.
    absl::StatusOr<std::pair<std::string, std::size_t>> write(const std::string& path);

    /// As Configuration::edit(), for the candidate. RESOURCE_EXHAUSTED after 100000 edits.
    absl::Status edit(const std::string& line);
    /// Makes a file, or what ran before the last commits, the candidate.
    absl::Status load(const std::string& path);
    absl::Status rollback(std::uint64_t revision);
    void discard();
    /// From what runs to the candidate, or from a revision to what runs.
    absl::StatusOr<std::vector<Change>> difference(std::optional<std::uint64_t> revision);

    /// Makes the candidate run, all of it or nothing, and confirms a commit that waits. With
    /// `confirm_within`, it waits itself, and goes back at the end.
    absl::StatusOr<Size> commit(std::string comment, std::optional<absl::Duration> confirm_within);

    /// How long the last commit still waits to be confirmed.
    std::optional<absl::Duration> confirm_within() const;
    /// When a commit last went back by itself, and what was refused on the way; empty: never.
    const std::string& reverted() const { return reverted_; }
    absl::StatusOr<Size> changes();

private:
    struct Unconfirmed {
        Document before;
        absl::Time until;
    };

    /// The candidate where this is what runs.
    absl::StatusOr<Document> candidate(const Document& running);
    absl::StatusOr<Document> with_edits(Document document);
    void warn(const std::string& sentence) const;
    void start_timer(absl::Duration time);
    void go_back();

    Options options_;
    Configuration configuration_;
    History history_;
    /// The candidate is this, or what runs, with the edits on it.
    std::optional<Document> base_;
    std::vector<std::string> edits_;
    /// The candidate as of its last edit, so that a thousand edits need not be made anew for the
    /// next. What runs may have changed since.
    std::optional<Document> latest_;
    std::optional<Unconfirmed> unconfirmed_;
    boost::asio::steady_timer timer_;
    std::string reverted_;
};

}  // namespace api::config
