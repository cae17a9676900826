// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/backend.hpp"
#include "cli/sluicectl/completer.hpp"
#include "cli/sluicectl/mode.hpp"
#include "cli/sluicectl/pipeline.hpp"
#include "cli/sluicectl/result.hpp"
#include "cli/sluicectl/schema.hpp"
#include "cli/sluicectl/screen.hpp"

namespace cli {

/// A conversation with one daemon: runs lines, and knows what could be typed. With a person it
/// looks before each line whether the daemon's commands are others by now, since plugins come and
/// go; in a script only where a line is not understood. One thread.
class Session {
public:
    struct Options {
        /// All output as JSON.
        bool json = false;
        /// For every call; if empty, ten seconds for a single reply and no limit for a stream.
        std::optional<absl::Duration> timeout;
        /// A person types the lines.
        bool interactive = false;
        /// What `out` leads to.
        Screen screen;
    };

    /// `backend` and `out` outlive it.
    Session(Backend& backend, Options options, std::ostream& out);
    ~Session();

    /// Learns the daemon's commands. To be called once, first.
    Result start();

    /// Runs one line and writes what it shows. `stop` cancels its call, which is then no error.
    Result run(std::string_view line, const std::stop_token& stop = {});

    /// What could stand at the end of the line.
    Suggestions suggest(std::string_view line);

    std::string prompt() const { return modes_.back()->prompt(); }
    const Schema& schema() const { return *schema_; }

    // ---- for modes and the shell's own words ----

    /// The mode takes lines from now on, until leave_mode().
    void enter_mode(std::unique_ptr<Mode> mode);
    /// Back to the mode before; out of the shell where there is none.
    Result leave_mode();
    const Mode& mode() const { return *modes_.back(); }

    /// A line with its filters, as far as it is understood; the error carries its place. `begin` is
    /// where in the whole line it begins.
    struct Understood {
        api::grammar::Command command;
        Pipeline pipeline;
    };
    absl::StatusOr<Understood> understand(std::string_view line, std::size_t begin = 0);

    /// Has the daemon run a command, and shows what it answers.
    Result call(const api::grammar::Command& command, const Pipeline& pipeline,
                const std::stop_token& stop);

    /// The same into a sink of one's own, which writes to `out`: when that is no longer good() the
    /// call ends. A stream that pauses shows what it has.
    absl::Status call_into(const api::grammar::Command& command, api::grammar::Format format,
                           api::grammar::Sink& sink, std::ostream& out,
                           const std::stop_token& stop);

    /// Shows a remark of the shell's own, set off from what commands show.
    void remark(std::string_view sentence) const;

    Backend& backend() const { return backend_; }
    const Options& options() const { return options_; }
    std::ostream& out() const { return out_; }

private:
    absl::Status learn(bool& changed, absl::Duration timeout);
    void follow();
    const Builtin* builtin(std::string_view line, const std::string& word) const;
    absl::StatusOr<Understood> read(std::string_view line);
    absl::StatusOr<api::grammar::Command> parse(const std::string& command);
    absl::Status hinted(const absl::Status& status, const api::grammar::Token& first) const;

    Backend& backend_;
    const Options options_;
    std::ostream& out_;
    std::unique_ptr<Schema> schema_;
    /// Of the description that schema_ was made of.
    std::uint64_t digest_ = 0;
    /// Something was changed since: the commands may be others.
    bool stale_ = false;
    /// The daemon did not answer when it was last asked.
    bool lost_ = false;
    std::size_t connections_ = 0;
    std::vector<std::unique_ptr<Mode>> modes_;
};

}  // namespace cli
