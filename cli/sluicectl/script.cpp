// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/script.hpp"

#include <fmt/format.h>

namespace cli {

Exit run_script(Session& session, std::istream& in, const std::string& name,
                const Reporting& reporting, std::ostream& err) {
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        const Result result = session.run(line);
        if (!result.ok()) {
            report(result, fmt::format("{}:{}", name, number), line, reporting, err);
            return result.exit;
        }
        if (result.leave) {
            break;
        }
    }
    return Exit::ok;
}

}  // namespace cli
