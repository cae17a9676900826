// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/grammar/grammar.hpp"
#include "cli/compat/report.hpp"
#include "cli/schema/schema.hpp"

namespace cli::compat {

/// Whether what could be typed still means the same. Command lines are not compared as texts, since
/// most changes of them are harmless: lines that a released command accepts are read by the
/// grammar of today.
class CommandComparison {
public:
    /// Both outlive it. Throws std::runtime_error where their command lines do not hold together.
    CommandComparison(const schema::Schema& released, const schema::Schema& now);

    /// Tells the first line of each command that is not understood any more, or otherwise.
    void compare(const google::protobuf::MethodDescriptor& was,
                 const google::protobuf::MethodDescriptor& is, Report& report) const;

private:
    api::grammar::TextForms forms_;
    api::grammar::Grammar then_{forms_};
    api::grammar::Grammar now_{forms_};
};

/// Lines that a command accepts: with no option, with each of them alone, and with all.
std::vector<std::string> sample_lines(const api::grammar::Pattern& pattern,
                                      const api::grammar::TextForms& forms);

}  // namespace cli::compat
