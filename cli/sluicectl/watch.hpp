// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/sluicectl/filters.hpp"
#include "cli/sluicectl/mode.hpp"

namespace cli {

/// `watch [SECONDS] COMMAND`: shows what a command shows, every two seconds where no other time is
/// given, until Ctrl-C. What is another number than before is set off, and counters that grew have
/// by how much a second. Refused without a terminal, since it would have no end, and for commands
/// that change something.
Result watch(Session& session, const Input& input);

/// The numbers of the last picture, to compare the next one with.
class Comparison {
public:
    using Clock = std::chrono::steady_clock;

    /// A stage that marks what is another than in the picture before. It must be gone before the
    /// next one is made; `next` outlives it.
    std::unique_ptr<Stage> stage(api::grammar::Sink& next, Clock::time_point now);

private:
    class Marker;

    /// Numbers by the name of their row, and lines by their number.
    std::map<std::string, std::vector<std::string>> rows_;
    std::vector<std::string> lines_;
    std::optional<Clock::time_point> time_;
};

}  // namespace cli
