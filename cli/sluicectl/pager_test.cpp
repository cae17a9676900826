// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/pager.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cli/sluicectl/testing_process.hpp"

namespace cli {
namespace {

class PagerTest : public ::testing::Test {
protected:
    PagerTest() {
        screen_.size = [] { return Screen::Size{20, 6}; };
        screen_.pages = true;
        std::signal(SIGPIPE, SIG_IGN);
        // A pager that says what it was given.
        std::ofstream(directory_.file("pager")) << "#!/bin/sh\ncat > " + directory_.file("paged");
        ::chmod(directory_.file("pager").c_str(), 0700);
        ::setenv("PAGER", directory_.file("pager").c_str(), 1);
    }

    std::string paged() const {
        std::stringstream text;
        text << std::ifstream(directory_.file("paged")).rdbuf();
        return text.str();
    }

    static void lines(std::ostream& out, int count) {
        for (int i = 0; i < count; ++i) {
            out << "line " << i << '\n';
        }
    }

    TempDir directory_;
    Screen screen_;
    std::ostringstream out_;
};

TEST_F(PagerTest, LeavesWhatFitsOnTheScreen) {
    {
        Pager pager(out_, screen_);
        lines(pager.stream(), 4);
        EXPECT_EQ(out_.str(), "");
    }
    EXPECT_EQ(out_.str(), "line 0\nline 1\nline 2\nline 3\n");
    EXPECT_EQ(paged(), "");
}

TEST_F(PagerTest, PagesWhatIsLonger) {
    {
        Pager pager(out_, screen_);
        lines(pager.stream(), 7);
    }
    EXPECT_EQ(out_.str(), "");
    EXPECT_EQ(paged(), "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\n");
}

TEST_F(PagerTest, CountsTheLinesOfTheScreen) {
    {
        Pager pager(out_, screen_);
        pager.stream() << std::string(81, 'x') << '\n';
    }
    EXPECT_EQ(paged().size(), 82u);
}

TEST_F(PagerTest, LeavesWhatIsLiveOnTheScreen) {
    Pager pager(out_, screen_);
    lines(pager.stream(), 2);
    pager.stream().flush();
    EXPECT_EQ(out_.str(), "line 0\nline 1\n");
    lines(pager.stream(), 9);
    EXPECT_EQ(out_.str().size(), 11 * 7u);
}

TEST_F(PagerTest, DoesWithoutAPager) {
    ::setenv("PAGER", "/nowhere/at/all", 1);
    {
        Pager pager(out_, screen_);
        lines(pager.stream(), 9);
    }
    EXPECT_EQ(out_.str().size(), 9 * 7u);
    out_.str("");
    {
        Pager pager(out_, Screen());
        lines(pager.stream(), 9);
        EXPECT_EQ(out_.str().size(), 9 * 7u);
    }
}

TEST_F(PagerTest, TellsThatTheReaderHasLeft) {
    ::setenv("PAGER", "/bin/true", 1);
    Pager pager(out_, screen_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (pager.stream().good() && std::chrono::steady_clock::now() < deadline) {
        lines(pager.stream(), 1000);
    }
    EXPECT_FALSE(pager.stream().good());
}

}  // namespace
}  // namespace cli
