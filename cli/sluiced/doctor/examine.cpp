// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/doctor/examine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli::doctor {

std::string_view name(Level level) {
    switch (level) {
        case Level::ok:
            return "ok";
        case Level::note:
            return "note";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "unknown";
}

Findings examine(const System& system, const Options& options) {
    Findings findings;
    examine_files(system, options, findings);
    examine_permissions(system, findings);
    examine_memory(system, options, findings);
    examine_cpu(system, findings);
    examine_cores(system, options, findings);
    examine_devices(system, options, findings);
    examine_interfaces(system, options, findings);
    return findings;
}

Level worst(const Findings& findings) {
    Level level = Level::ok;
    for (const Finding& finding : findings) {
        level = std::max(level, finding.level);
    }
    return level;
}

std::string as_text(const Findings& findings) {
    std::string text;
    const auto count = [&](Level level) {
        return std::count_if(findings.begin(), findings.end(),
                             [level](const Finding& finding) { return finding.level == level; });
    };
    for (const Finding& finding : findings) {
        text +=
            fmt::format("{:<8} {:<12} {}\n", name(finding.level), finding.topic, finding.sentence);
        if (!finding.cost.empty()) {
            text += fmt::format("{:<21} costs: {}\n", "", finding.cost);
        }
        if (!finding.remedy.empty()) {
            text += fmt::format("{:<21} mends: {}\n", "", finding.remedy);
        }
    }
    return text + fmt::format("{} ok, {} to note, {} to mend, {} in the way\n", count(Level::ok),
                              count(Level::note), count(Level::warning), count(Level::error));
}

}  // namespace cli::doctor
