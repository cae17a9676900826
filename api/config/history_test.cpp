// SPDX-License-Identifier: Apache-2.0
#include "api/config/history.hpp"
#include "api/testing/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace api::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FolderTest : public ::testing::Test {
protected:
    const api::testing::TempDir own_;
    const std::string& folder_ = own_.path();
    std::vector<std::string> warnings_;
};

TEST_F(FolderTest, RevisionsOutliveTheDaemon) {
    const std::string path = folder_ + "/revisions";
    const absl::Time until = absl::FromUnixSeconds(1'800'000'000);
    {
        History history = History::open(path, warnings_);
        EXPECT_FALSE(history.get(1).ok());
        ASSERT_TRUE(history.add({until, "first\nof all", "add thing a\n"}).ok());
        ASSERT_TRUE(history.add({until + absl::Seconds(1), "", "add thing b\n"}).ok());
    }
    const History history = History::open(path, warnings_);
    EXPECT_THAT(warnings_, IsEmpty());
    EXPECT_THAT(history.all(), SizeIs(2));
    EXPECT_EQ((*history.get(1))->text, "add thing b\n");
    EXPECT_EQ((*history.get(2))->text, "add thing a\n");
    EXPECT_EQ((*history.get(2))->comment, "first of all");
    EXPECT_EQ((*history.get(2))->until, until);
    EXPECT_EQ(history.get(3).status().message(), "there is no revision 3; there are 1 to 2");
    EXPECT_FALSE(history.get(0).ok());
}

TEST_F(FolderTest, TheOldestGoes) {
    const std::string path = folder_ + "/revisions";
    History history = History::open(path, warnings_);
    for (std::size_t i = 0; i < History::most + 5; ++i) {
        ASSERT_TRUE(history.add({absl::Now(), "", std::to_string(i)}).ok());
    }
    EXPECT_THAT(history.all(), SizeIs(History::most));
    EXPECT_EQ((*history.get(History::most))->text, "5");
    const auto files = std::filesystem::directory_iterator(path);
    EXPECT_EQ(std::distance(begin(files), end(files)), std::ptrdiff_t(History::most));
}

TEST_F(FolderTest, AFolderThatCannotBeWrittenCostsOnlyTheDisk) {
    std::ofstream(folder_ + "/file") << "in the way";
    History history = History::open(folder_ + "/file", warnings_);
    EXPECT_FALSE(history.add({absl::Now(), "", "add thing a\n"}).ok());
    EXPECT_EQ((*history.get(1))->text, "add thing a\n");
}

}  // namespace
}  // namespace api::config
