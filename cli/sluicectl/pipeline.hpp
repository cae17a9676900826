// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/grammar/render.hpp"

namespace cli {

enum class FilterKind {
    begin,
    columns,
    count,
    detail,
    exclude,
    first,
    json,
    last,
    match,
    sort,
    yaml
};

/// One filter of a line, with what stands behind its name.
struct Filter {
    FilterKind kind = FilterKind::match;
    /// Of match, exclude and begin: a regular expression, POSIX extended.
    std::string expression;
    /// Of first and last.
    std::size_t number = 0;
    /// Of columns and sort: headings or field names.
    std::vector<std::string> columns;
    /// Of sort: the greatest first.
    bool down = false;
    /// Where it stands in the line.
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// What a line wants done with the output: `show route | match lan | count`.
struct Pipeline {
    /// The line up to the first bar.
    std::string command;
    api::grammar::Format format = api::grammar::Format::view;
    /// In their order; those that only choose the format are left out.
    std::vector<Filter> filters;
};

/// A filter's name and what it does, for completion and help.
struct FilterHelp {
    FilterKind kind;
    const char* name;
    /// What follows the name: "RE", "N"; may be empty.
    const char* takes;
    const char* help;
};

/// In the order of their names.
std::span<const FilterHelp> filters();

/// The filter that a word means, abbreviated or not; null where there is none or more than one.
const FilterHelp* filter_named(std::string_view word);

/// Cuts a line at its bars. The error names the filter that is wrong and what would be accepted,
/// and carries its place.
absl::StatusOr<Pipeline> parse_pipeline(std::string_view line);

/// Refuses `sort` and `columns` where there is no table or no such column. `columns` are those of
/// the table that will be shown, none where it is none.
absl::Status check_columns(const Pipeline& pipeline,
                           const std::vector<api::grammar::Column>& columns);

/// The column that a name means: its heading or the name of its field, or an abbreviation that
/// fits one only. -1 where there is none.
int column_named(std::string_view name, const std::vector<api::grammar::Column>& columns);

/// As it is named in a line: "rx-packets", "next-hop".
std::string name_of(const api::grammar::Column& column);

}  // namespace cli
