// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/log_format.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <sys/stat.h>

namespace cli {

namespace {

/// The level as syslog(3) numbers it.
class JournalLevel final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& line, const std::tm&,
                spdlog::memory_buf_t& text) override {
        text.push_back(digit(line.level));
    }
    std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
        return std::make_unique<JournalLevel>();
    }

private:
    static char digit(spdlog::level::level_enum level) {
        switch (level) {
            case spdlog::level::critical:
                return '2';
            case spdlog::level::err:
                return '3';
            case spdlog::level::warn:
                return '4';
            case spdlog::level::info:
                return '6';
            default:
                return '7';
        }
    }
};

}  // namespace

bool leads_to_journal(std::string_view journal_stream, int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 &&
           journal_stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

std::unique_ptr<spdlog::formatter> log_format(bool for_journal) {
    auto format = std::make_unique<spdlog::pattern_formatter>();
    if (for_journal) {
        format->add_flag<JournalLevel>('J').set_pattern("<%J>%v");
    } else {
        format->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
    }
    return format;
}

}  // namespace cli
