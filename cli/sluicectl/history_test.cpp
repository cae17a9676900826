// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/history.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/sluicectl/testing_process.hpp"

namespace cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(History, RemembersLinesOnceAndInOrder) {
    const TempDir directory;
    const std::string path = directory.file("state/sluice/history");
    const HistoryFile history(path);
    EXPECT_THAT(history.load(), IsEmpty());
    for (const char* line : {"show route", "show interface", "show route"}) {
        history.add(line);
    }
    EXPECT_THAT(HistoryFile(path).load(), ElementsAre("show interface", "show route"));
    struct stat what {};
    ASSERT_EQ(::stat(path.c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat(directory.file("state/sluice").c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777, 0700u);
}

TEST(History, IsBounded) {
    const TempDir directory;
    const std::string path = directory.file("history");
    {
        std::ofstream file(path);
        for (int i = 0; i < 2500; ++i) {
            file << "line " << i << '\n';
        }
    }
    const std::vector<std::string> lines = HistoryFile(path).load();
    EXPECT_EQ(lines.size(), HistoryFile::most_lines);
    EXPECT_EQ(lines.front(), "line 1500");
    EXPECT_EQ(lines.back(), "line 2499");
    std::ifstream file(path);
    std::string first;
    std::getline(file, first);
    EXPECT_EQ(first, "line 1500");
    EXPECT_EQ(HistoryFile(path).load(), lines);
}

TEST(History, DoesWithout) {
    EXPECT_THAT(HistoryFile("").load(), IsEmpty());
    HistoryFile("").add("x");
    HistoryFile("/proc/nowhere/history").add("x");
    const HistoryFile device("/dev/null");
    device.add("x");
    struct stat what {};
    ASSERT_EQ(::stat("/dev/null", &what), 0);
    EXPECT_TRUE(S_ISCHR(what.st_mode));
    EXPECT_NE(what.st_mode & 0777, 0600u);
}

TEST(History, HasAPlaceOfItsOwn) {
    ::setenv("XDG_STATE_HOME", "/state", 1);
    EXPECT_EQ(default_history_path(), "/state/sluice/history");
    ::unsetenv("XDG_STATE_HOME");
    ::setenv("HOME", "/home/me", 1);
    EXPECT_EQ(default_history_path(), "/home/me/.local/state/sluice/history");
    ::unsetenv("HOME");
    EXPECT_EQ(default_history_path(), "");
}

}  // namespace
}  // namespace cli
