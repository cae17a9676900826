// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string_view>

namespace cli {

/// Whether `fd` leads to systemd's journal: `journal_stream` is what the environment says of
/// JOURNAL_STREAM, the device and the inode of the journal's socket (systemd.exec(5)).
bool leads_to_journal(std::string_view journal_stream, int fd);

/// How a line of the log looks: "2026-11-21T15:16:34.250 info MESSAGE"; for the journal, which
/// knows the time, "<6>MESSAGE" with the level as it reads it (sd-daemon(3)), so that `journalctl
/// --priority warning` finds warnings.
std::unique_ptr<spdlog::formatter> log_format(bool for_journal);

}  // namespace cli
