// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/sluicectl/backend.hpp"
#include "cli/sluicectl/completer.hpp"
#include "cli/sluicectl/pipeline.hpp"
#include "cli/sluicectl/result.hpp"
#include "cli/sluicectl/schema.hpp"

namespace cli {

/// A conversation with one daemon: runs lines, and knows what could be typed. It learns the
/// daemon's commands anew when a line is not understood, since a plugin may have been loaded. One
/// thread.
class Session {
public:
    struct Options {
        /// All output as JSON.
        bool json = false;
        /// For every call; if empty, ten seconds for a single reply and no limit for a stream.
        std::optional<absl::Duration> timeout;
    };

    /// `backend` and `out` outlive it.
    Session(Backend& backend, Options options, std::ostream& out);

    /// Learns the daemon's commands. To be called once, first.
    Result start();

    /// Runs one line and writes what it shows. `stop` cancels its call, which is then no error.
    Result run(std::string_view line, const std::stop_token& stop = {});

    /// What could stand at the end of the line.
    Suggestions suggest(std::string_view line);

    const Schema& schema() const { return *schema_; }

private:
    absl::Status learn(bool& changed);
    absl::StatusOr<api::grammar::Command> understand(const std::string& command);
    Result call(const api::grammar::Command& command, const Pipeline& pipeline,
                const std::stop_token& stop);
    Result help(std::string_view words);

    Backend& backend_;
    const Options options_;
    std::ostream& out_;
    std::unique_ptr<Schema> schema_;
    /// The serialized description that schema_ was made of.
    std::string description_;
    /// Something was changed since: the commands may be others.
    bool stale_ = false;
};

}  // namespace cli
