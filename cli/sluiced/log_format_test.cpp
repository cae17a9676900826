// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/log_format.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

namespace cli {
namespace {

using ::testing::MatchesRegex;

std::string logged(bool for_journal) {
    std::ostringstream text;
    spdlog::logger logger("", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
    logger.set_level(spdlog::level::trace);
    logger.set_formatter(log_format(for_journal));
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d");
    return text.str();
}

TEST(LogFormat, TheJournalGetsLevelsAsItReadsThem) {
    EXPECT_EQ(logged(true), "<7>a\n<6>b\n<4>c\n<3>d\n");
}

TEST(LogFormat, OthersGetTheTimeAndTheLevel) {
    EXPECT_THAT(logged(false),
                MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:]+\\.[0-9]+ debug a\n.* info b\n.* "
                             "warning c\n.* error d\n"));
}

TEST(LogFormat, TheJournalIsKnownByItsSocketAlone) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    struct stat status {};
    ASSERT_EQ(fstat(ends[0], &status), 0);
    const std::string stream = fmt::format("{}:{}", status.st_dev, status.st_ino);
    EXPECT_TRUE(leads_to_journal(stream, ends[0]));
    EXPECT_FALSE(leads_to_journal(stream + "1", ends[0]));
    EXPECT_FALSE(leads_to_journal("", ends[0]));
    EXPECT_FALSE(leads_to_journal(stream, -1));
    close(ends[0]);
    close(ends[1]);
}

}  // namespace
}  // namespace cli
