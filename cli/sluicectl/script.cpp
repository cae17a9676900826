// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/script.hpp"

#include <fmt/format.h>

namespace cli {

Exit run_script(Session& session, std::istream& in, const std::string& name, bool json,
                std::ostream& err) {
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        const Result result = session.run(line);
        if (!result.ok()) {
            report(result, fmt::format("{}:{}", name, number), json, err);
            return result.exit;
        }
        if (result.leave) {
            break;
        }
    }
    return Exit::ok;
}

}  // namespace cli
