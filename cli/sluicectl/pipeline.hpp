// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/grammar/render.hpp"

namespace cli {

/// What a line wants done with the output: `show route | match lan | count`.
struct Pipeline {
    /// The line up to the first bar.
    std::string command;
    api::grammar::Format format = api::grammar::Format::view;
    /// The regular expressions of `| match`, POSIX extended, in their order.
    std::vector<std::string> matches;
    bool count = false;
};

/// A filter's name and what it does, for completion and help.
struct FilterHelp {
    const char* name;
    const char* help;
};

/// json, detail, match, count.
std::span<const FilterHelp> filters();

/// Cuts a line at its bars. The error names the filter that is wrong and what would be accepted.
absl::StatusOr<Pipeline> parse_pipeline(std::string_view line);

/// Passes lines through the filters of a pipeline into a stream. Headings pass `match` and are not
/// counted.
class Output {
public:
    /// `out` outlives it. The expressions of `pipeline` were checked by parse_pipeline().
    Output(const Pipeline& pipeline, std::ostream& out);
    ~Output();

    void line(std::string_view text, bool heading);
    /// Writes the count, if it was asked for.
    void finish();

    /// Why a text is not a regular expression, or "".
    static std::string check(const std::string& expression);

private:
    class Expression;

    std::ostream& out_;
    std::vector<std::unique_ptr<Expression>> expressions_;
    const bool count_;
    std::size_t counted_ = 0;
};

}  // namespace cli
