// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/result.hpp"

#include <fmt/format.h>

#include "api/grammar/escape.hpp"

namespace cli {

Result Result::not_understood(absl::Status status) {
    return {std::move(status), Exit::not_understood};
}

Result Result::of_call(absl::Status status) {
    const Exit exit = status.ok()                   ? Exit::ok
                      : absl::IsUnavailable(status) ? Exit::no_daemon
                                                    : Exit::refused;
    return {std::move(status), exit};
}

void report(const Result& result, const std::string& place, bool json, std::ostream& err) {
    const std::string sentence = fmt::format("{}{}{}", place, place.empty() ? "" : ": ",
                                             std::string(result.status.message()));
    if (json) {
        err << fmt::format(
            "{{\"error\":{},\"code\":{}}}\n", api::grammar::quote_json(sentence),
            api::grammar::quote_json(absl::StatusCodeToString(result.status.code())));
    } else {
        err << "error: " << api::grammar::escape_for_terminal(sentence) << '\n';
    }
    err.flush();
}

}  // namespace cli
